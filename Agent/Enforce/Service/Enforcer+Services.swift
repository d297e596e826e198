internal import CordonModel
internal import CordonOrders
internal import Dispatch
internal import Logging
internal import Synchronization

/// Stopping units of systemd, giving them back and keeping them stopped: all of it while `services` is held.
extension Enforcer {
    private var masks: UnitMask { UnitMask() }

    /// On disk what is about to be stopped, then masked and stopped.
    func stop(
        _ stop: ServiceStop, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let masks = masks
        let planned = try masks.plan(stop.unit, policy, in: PackageFiles())
        let key = HeldEffect.Key(kind: .stopService, subject: planned.unit)
        let earlier = core.withLock { $0.journal.desired.held[key] }
        // What is stopped already was more before than it is now.
        let stopped = earlier.flatMap { StoppedService(bytes: $0.undo) } ?? planned
        let effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: planned.unit, term: longer(earlier?.term, stop.duration), undo: stopped.bytes)
        try write([.held(effect)])
        do {
            try masks.apply(stopped)
            return Self.stopped(stopped, try masks.manager.units([stopped.unit] + stopped.wereUp), begun)
        } catch {
            if let earlier, earlier.orders.last != order.id {
                record([.held(earlier)])
            } else {
                // What cannot be given back now stays written down: its order can be undone, and its term ends it.
                try masks.undo(stopped)
                record([.ended(key, why: "stopping failed")])
            }
            throw error
        }
    }

    private static func stopped(
        _ stopped: StoppedService, _ units: [ServiceManager.Unit], _ begun: ContinuousClock.Instant
    ) -> Verdict {
        let unit = units.first { $0.id == stopped.unit }
        let (load, active) = (unit?.load ?? "unknown", unit?.active ?? "unknown")
        var lines = ["masked \(stopped.unit)"]
        lines += units.filter { $0.isDown && stopped.wereUp.contains($0.id) }.prefix(50).map { "stopped \($0.id)" }
        let triggers = units.filter { $0.isUp && $0.id != stopped.unit }.map(\.id)
        if !triggers.isEmpty {
            lines.append("\(triggers.prefix(20).joined(separator: ", ")) would start it, and cannot")
        }
        let proof = Proof(
            applied: lines, appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(name: "service_masked", passed: load == "masked", observed: "it is \(load)"),
                Proof.Probe(name: "service_stopped", passed: unit?.isDown == true, observed: "it is \(active)"),
            ])
        return proved(proof, "The unit \(stopped.unit) is stopped, and cannot be started.")
    }

    func giveBack(_ stoppedBy: OrderID, begun: ContinuousClock.Instant) throws -> Verdict {
        let effect = core.withLock {
            $0.journal.desired.held.values.first { $0.key.kind == .stopService && $0.orders.contains(stoppedBy) }
        }
        guard let effect, let stopped = StoppedService(bytes: effect.undo) else {
            return Verdict(
                outcome: .succeeded, message: "Nothing that the order \(stoppedBy) stopped is stopped still.",
                proof: Proof(applied: []))
        }
        try masks.undo(stopped)
        record([.ended(effect.key, why: "an order")])
        let missing = try masks.missing(stopped)
        let seen =
            missing.isEmpty
            ? "it is as it was" : missing.prefix(10).map { "\($0.id) is \($0.active)" }.joined(separator: "; ")
        let proof = Proof(
            applied: ["unmasked \(stopped.unit)"] + stopped.wereUp.prefix(50).map { "started \($0)" },
            appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [Proof.Probe(name: "service_back", passed: missing.isEmpty, observed: seen)])
        return Self.proved(proof, "The unit \(stopped.unit) is as it was.")
    }

    // MARK: - Keeping it so

    /// What failed is tried again after so long.
    private static let pause = Duration.seconds(10)

    /// Gives back what is over, and masks and stops again what somebody unmasked. Called in every round of the reconciler,
    /// which must not wait for systemd: what there is to do is done beside it.
    func keepStopped() {
        guard !drifted().isEmpty else { return }
        let isDue = services.withLockIfAvailable { $0 <= .now } ?? false
        guard isDue else { return }
        DispatchQueue.global().async {
            _ = self.services.withLockIfAvailable { next in
                guard next <= .now else { return }
                for effect in self.drifted() where !self.keep(effect) { next = .now + Self.pause }
            }
        }
    }

    /// Those that are over, or whose mask is gone.
    private func drifted() -> [HeldEffect] {
        let effects = core.withLock { $0.journal.desired.held.values.filter { $0.key.kind == .stopService } }
        return effects.filter { clock.remaining(of: $0.term) <= .zero || !masks.isInPlace($0.key.subject) }
    }

    private func keep(_ effect: HeldEffect) -> Bool {
        let metadata: Logger.Metadata = ["unit": "\(effect.title)"]
        guard let stopped = StoppedService(bytes: effect.undo) else { return true }
        do {
            if clock.remaining(of: effect.term) <= .zero {
                try masks.undo(stopped)
                record([.ended(effect.key, why: "the term is over")])
                log.notice("a unit is given back: its time is over", metadata: metadata)
            } else {
                try masks.apply(stopped)
                repaired("A unit that was unmasked by hand was masked and stopped again: \(effect.title).")
                log.warning("a unit that was unmasked by hand was masked and stopped again", metadata: metadata)
            }
            return true
        } catch {
            log.error("a unit could not be kept as it is to be: \(error)", metadata: metadata)
            return false
        }
    }
}
