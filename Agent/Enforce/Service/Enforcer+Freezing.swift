internal import CordonModel
internal import CordonOrders
internal import Logging
internal import Synchronization

/// Freezing, thawing and keeping frozen: all of it while `keeping` is held.
extension Enforcer {
    /// On disk that it begins, then stopped, then on disk what was stopped.
    func freeze(
        _ freezing: ProcessFreezing, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let target = freezing.target
        let freeze = ProcessFreeze(policy: policy, agentUser: configuration.agentUser)
        let key = HeldEffect.Key(target)
        let earlier = core.withLock { $0.journal.desired.held[key] }
        let known = earlier.flatMap { FrozenProcesses(bytes: $0.undo) }.flatMap { $0.boot == freeze.boot ? $0 : nil }
        let effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: "\(target.pid) \(target.executable ?? RunningProcess(pid: target.pid)?.executable ?? "")",
            term: longer(earlier?.term, freezing.duration), undo: (known ?? .begun(boot: freeze.boot)).bytes)
        try write([.held(effect)])
        if let known, !known.isBegunOnly {
            _ = freeze.hold(known)
            return Self.frozen(freeze.standings(of: known), begun)
        }
        let frozen = try stop(target, for: effect, isRepeated: earlier != nil, freeze)
        return Self.frozen(freeze.standings(of: frozen), begun)
    }

    /// Stops what the target means, and writes down what that was.
    private func stop(
        _ target: ProcessTarget, for effect: HeldEffect, isRepeated: Bool, _ freeze: ProcessFreeze
    ) throws -> FrozenProcesses {
        do {
            var frozen = try freeze.freeze(target)
            let others = core.withLock { $0.journal.desired.held.values.filter { $0.key.kind == .freezeProcess } }
            frozen.disown(others.compactMap { FrozenProcesses(bytes: $0.undo) }, isRepeated: isRepeated)
            var effect = effect
            effect.undo = frozen.bytes
            do { try write([.held(effect)]) } catch {
                _ = try? freeze.thaw(frozen)
                throw error
            }
            return frozen
        } catch {
            record([.ended(effect.key, why: "freezing failed")])
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
    private func thaw(
        _ effect: HeldEffect, _ policy: LocalPolicy, why: String, patience: Duration = .seconds(3)
    ) throws -> ProcessFreeze.Report {
        var report = ProcessFreeze.Report()
        let freeze = ProcessFreeze(policy: policy, agentUser: configuration.agentUser, patience: patience)
        if let frozen = try frozen(by: effect, freeze) { report = try freeze.thaw(frozen) }
        record([.ended(effect.key, why: why)])
        return report
    }

    /// What the effect froze. Where a crash came between the stopping and the writing down, it is stopped once more: then
    /// it is known.
    private func frozen(by effect: HeldEffect, _ freeze: ProcessFreeze) throws -> FrozenProcesses? {
        guard let frozen = FrozenProcesses(bytes: effect.undo) else { return nil }
        guard frozen.isBegunOnly, frozen.boot == freeze.boot, let target = ProcessTarget(effect.key) else {
            return frozen
        }
        return try stop(target, for: effect, isRepeated: true, freeze)
    }

    // MARK: - Keeping it so

    /// How long to watch processes stop or go on where an isolation that must be put back waits behind it.
    private static let shortPatience = Duration.milliseconds(100)

    /// Thaws what is over, finishes what a crash cut short, and stops again what somebody let go on. Called in every round
    /// of the reconciler; one in which an order freezes or thaws is left out.
    func keepFrozen() {
        _ = keeping.withLockIfAvailable { _ in
            let (effects, over, policy) = core.withLock { core in
                let desired = core.journal.desired
                return (
                    desired.held.values.filter { $0.key.kind == .freezeProcess },
                    Set(desired.effectsOver(clock: clock).map(\.key)), core.policy
                )
            }
            for effect in effects {
                do { try keep(effect, isOver: over.contains(effect.key), policy) } catch {
                    log.error("a process could not be kept frozen or let go on", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func keep(_ effect: HeldEffect, isOver: Bool, _ policy: LocalPolicy) throws {
        guard FrozenProcesses(bytes: effect.undo)?.boot == clock.boot else {
            return record([.ended(effect.key, why: "the host was restarted")])
        }
        guard !isOver else {
            try thaw(effect, policy, why: "the term is over", patience: Self.shortPatience)
            log.notice("a process goes on: its time is over", metadata: ["process": "\(effect.title)"])
            return
        }
        let freeze = ProcessFreeze(
            policy: policy, agentUser: configuration.agentUser, patience: Self.shortPatience)
        guard let frozen = try frozen(by: effect, freeze) else { return }
        let count = freeze.hold(frozen)
        guard count > 0 else { return }
        log.warning(
            "what was frozen had been let go on, and was stopped again",
            metadata: ["process": "\(effect.title)", "count": "\(count)"])
        repaired("What was frozen had been let go on, and was stopped again: \(effect.title).")
    }
}

extension HeldEffect.Key {
    /// One target in each scope is an effect of its own: to freeze a tree is more than to freeze its root.
    fileprivate init(_ target: ProcessTarget) {
        self.init(kind: .freezeProcess, subject: "\(target.pid)/\(target.startTime)/\(target.scope.rawValue)")
    }
}

extension ProcessTarget {
    /// The target of an effect's key.
    fileprivate init?(_ key: HeldEffect.Key) {
        let parts = key.subject.split(separator: "/")
        guard parts.count == 3, let pid = Int32(parts[0]), let start = UInt64(parts[1]),
            let scope = Scope(rawValue: String(parts[2]))
        else { return nil }
        self.init(pid: pid, startTime: start, executable: nil, scope: scope)
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
