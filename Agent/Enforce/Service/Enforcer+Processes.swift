internal import CordonModel
internal import CordonOrders
internal import Logging
internal import Synchronization

extension Enforcer {
    func kill(_ target: ProcessTarget, _ policy: LocalPolicy, begun: ContinuousClock.Instant) throws -> Verdict {
        let report = try ProcessKill(policy: policy, agentUser: configuration.agentUser).perform(target)
        let applied = ContinuousClock.now - begun
        let gone = report.left.isEmpty
        let seen = gone ? "\(report.killed) ended" : report.left.prefix(10).joined(separator: "; ")
        let proof = Proof(
            applied: report.applied, appliedMicroseconds: applied.microseconds,
            probes: [Proof.Probe(name: "process_gone", passed: gone, observed: seen)])
        guard gone else {
            return Verdict(
                outcome: .failed(code: "process.unkillable"),
                message: "SIGKILL was sent and is pending, but not all have ended: \(seen).", proof: proof)
        }
        return Verdict(
            outcome: .succeeded, message: "\(report.killed) process\(report.killed == 1 ? "" : "es") ended.",
            proof: proof)
    }

    // MARK: - Freezing

    /// On disk that it begins, then stopped, then on disk what was stopped.
    func freeze(
        _ freezing: ProcessFreezing, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let target = freezing.target
        let freeze = ProcessFreeze(policy: policy, agentUser: configuration.agentUser)
        let key = HeldEffect.Key(kind: .freezeProcess, subject: "\(target.pid)/\(target.startTime)")
        let effects = core.withLock { $0.journal.desired.held }
        let earlier = effects[key]
        let term = longer(earlier?.term, freezing.duration)
        var effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: "\(target.pid) \(target.executable ?? RunningProcess(pid: target.pid)?.executable ?? "")",
            term: term, undo: earlier?.undo ?? [])
        try write([.held(effect)])
        if let frozen = FrozenProcesses(bytes: effect.undo), frozen.boot == freeze.boot {
            _ = freeze.hold(frozen)
            return Self.frozen(freeze.standings(of: frozen), begun)
        }
        do {
            var frozen = try freeze.freeze(target)
            frozen.disown(effects.values.compactMap { FrozenProcesses(bytes: $0.undo) }, isRepeated: earlier != nil)
            effect.undo = frozen.bytes
            do { try write([.held(effect)]) } catch {
                _ = try? freeze.thaw(frozen)
                throw error
            }
            return Self.frozen(freeze.standings(of: frozen), begun)
        } catch {
            record([.ended(key, why: "freezing failed")])
            throw error
        }
    }

    private static func frozen(_ standings: [ProcessFreeze.Standing], _ begun: ContinuousClock.Instant) -> Verdict {
        let applied = ContinuousClock.now - begun
        let running = standings.filter { !$0.isFrozen && $0.state != nil }
        let count = standings.count { $0.isFrozen }
        let seen =
            running.isEmpty
            ? "\(count) stand still"
            : running.prefix(10).map { "\($0.member.pid) is in state \($0.state.map(String.init) ?? "?")" }
                .joined(separator: "; ")
        let lines = standings.prefix(50).map { "froze \($0.member.pid) \($0.member.executable)" }
        let proof = Proof(
            applied: lines, appliedMicroseconds: applied.microseconds,
            probes: [Proof.Probe(name: "process_frozen", passed: running.isEmpty && count > 0, observed: seen)])
        return proved(proof, "\(count) process\(count == 1 ? " is" : "es are") frozen.")
    }

    func thaw(_ frozenBy: OrderID, _ policy: LocalPolicy, begun: ContinuousClock.Instant) throws -> Verdict {
        let held = core.withLock {
            $0.journal.desired.held.values.first { $0.key.kind == .freezeProcess && $0.orders.contains(frozenBy) }
        }
        guard let effect = held else {
            return Verdict(
                outcome: .succeeded, message: "Nothing that the order \(frozenBy) froze is frozen still.",
                proof: Proof(applied: []))
        }
        let report = try thaw(effect, policy, why: "an order")
        let seen = report.left.isEmpty ? "\(report.resumed) go on" : report.left.prefix(10).joined(separator: "; ")
        let proof = Proof(
            applied: ["\(report.resumed) go on, \(report.gone) had ended"],
            appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [Proof.Probe(name: "process_thawed", passed: report.left.isEmpty, observed: seen)])
        return Self.proved(proof, "\(effect.title) and what was frozen with it go on.")
    }

    /// Lets go on what the effect froze, and writes down that it is over.
    @discardableResult
    private func thaw(_ effect: HeldEffect, _ policy: LocalPolicy, why: String) throws -> ProcessFreeze.Report {
        var report = ProcessFreeze.Report()
        if let frozen = FrozenProcesses(bytes: effect.undo) {
            report = try ProcessFreeze(policy: policy, agentUser: configuration.agentUser).thaw(frozen)
        }
        record([.ended(effect.key, why: why)])
        return report
    }

    // MARK: - Keeping it so

    /// Thaws what is over, and stops again what somebody let go on. Called in every round of the reconciler.
    func keepFrozen() {
        let (effects, over, policy) = core.withLock {
            (
                $0.journal.desired.held.values.filter { $0.key.kind == .freezeProcess && !$0.undo.isEmpty },
                Set($0.journal.desired.effectsOver(clock: clock).map(\.key)), $0.policy
            )
        }
        for effect in effects {
            guard let frozen = FrozenProcesses(bytes: effect.undo) else { continue }
            do {
                if frozen.boot != clock.boot {
                    record([.ended(effect.key, why: "the host was restarted")])
                } else if over.contains(effect.key) {
                    try thaw(effect, policy, why: "the term is over")
                    log.notice("a process goes on: its time is over", metadata: ["process": "\(effect.title)"])
                } else {
                    let count = ProcessFreeze(policy: policy, agentUser: configuration.agentUser).hold(frozen)
                    guard count > 0 else { continue }
                    log.warning(
                        "what was frozen had been let go on, and was stopped again",
                        metadata: ["process": "\(effect.title)", "count": "\(count)"])
                    core.withLock { $0.containment.countRepair() }
                }
            } catch {
                log.error("a frozen process could not be let go on", metadata: ["error": "\(error)"])
            }
        }
    }
}

extension FrozenProcesses {
    /// What another effect of ours had stopped, or this one before a crash, was not stopped by somebody else: it goes on
    /// when this one ends, and is stopped again where another still holds it.
    fileprivate mutating func disown(_ others: [FrozenProcesses], isRepeated: Bool) {
        for index in members.indices where members[index].wasStopped {
            let member = members[index]
            let isOurs = others.contains { other in
                other.boot == boot
                    && other.members.contains { $0.pid == member.pid && $0.startTime == member.startTime }
            }
            if isOurs || isRepeated { members[index].wasStopped = false }
        }
        if let inode = cgroup?.inode, isRepeated || others.contains(where: { $0.cgroup?.inode == inode }) {
            cgroup?.wasFrozen = false
        }
    }
}
