internal import CordonModel
internal import CordonOrders
internal import Dispatch
internal import Logging
internal import Synchronization

/// Turning entries of cron off, on again, and keeping them off: all of it while `cron` is held.
extension Enforcer {
    /// On disk what is about to change, then changed.
    func disable(
        _ wanted: CronEntry, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        guard let place = CronPlace(wanted.path) else {
            throw EnforceError("cron.place", "Cron does not look at \(wanted.path).")
        }
        try policy.checkCronOwner(wanted, place, Accounts(folder: configuration.accountsDirectory))
        let key = HeldEffect.Key(kind: .disableCronEntry, subject: "\(wanted.path) \(wanted.line ?? "")")
        let earlier = core.withLock { $0.journal.desired.held[key] }
        var disabled =
            earlier.flatMap { DisabledCronEntry(bytes: $0.undo) }
            ?? DisabledCronEntry(
                path: wanted.path, entry: wanted.line ?? "", mark: "# turned off by Cordon, order \(order.id): ")
        let found = try switching(disabled, place, order.id).look()
        guard found.map({ $0.count > 0 }) == true || earlier != nil else {
            let what = wanted.line == nil ? "may be executed" : "has that entry"
            throw EnforceError(
                "cron.unknown", "\(wanted.path) is not there, or nothing of it \(what).",
                remedy: "An entry is named by its whole line, as the table `persistence` of a triage has it.")
        }
        if earlier == nil, let found { disabled = found }
        let effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: disabled.title, term: clock.term(Term.endless), undo: disabled.bytes)
        // What fails half-way stays written down: its order can be undone.
        try write([.held(effect)])
        let switching = switching(disabled, place, order.id)
        let lines = try switching.turnOff(stamp: earlier == nil ? disabled.stamp : nil)
        let isOn = try switching.isOn()
        let proof = Proof(
            applied: lines, appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "cron_entry_off", passed: !isOn,
                    observed: isOn ? "\(wanted.path) has it still" : "\(wanted.path) was read again, and has it no more"
                )
            ])
        return Self.proved(proof, "Cron does not run it any more: \(disabled.title)")
    }

    /// Turns on again what an order turned off.
    func enable(_ disabledBy: OrderID, begun: ContinuousClock.Instant) throws -> Verdict {
        let effect = core.withLock {
            $0.journal.desired.held.values.first { $0.key.kind == .disableCronEntry && $0.orders.contains(disabledBy) }
        }
        guard let effect, let disabled = DisabledCronEntry(bytes: effect.undo), let place = CronPlace(disabled.path)
        else {
            return Verdict(
                outcome: .succeeded, message: "Nothing that the order \(disabledBy) turned off is off still.",
                proof: Proof(applied: []))
        }
        let switching = switching(disabled, place, disabledBy)
        try switching.turnOn()
        record([.ended(effect.key, why: "an order")])
        let isOn = try switching.isOn()
        let proof = Proof(
            applied: ["\(disabled.path) is as it was"],
            appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "cron_entry_on", passed: isOn,
                    observed: isOn ? "\(disabled.path) was read again, and has it" : "\(disabled.path) has it not")
            ])
        return Self.proved(proof, "Cron runs it again: \(disabled.title)")
    }

    private func switching(_ disabled: DisabledCronEntry, _ place: CronPlace, _ order: OrderID) -> CronSwitch {
        CronSwitch(disabled, place, draft: ".cordon-\(order)")
    }

    // MARK: - Keeping it so

    /// Turns off again what somebody turned on. Called in every round of the reconciler, which waits for no disk: what
    /// there is to do is done beside it.
    func keepCronOff() {
        let has = core.withLock { $0.journal.desired.held.keys.contains { $0.kind == .disableCronEntry } }
        guard has, cron.withLockIfAvailable({ _ in true }) == true else { return }
        DispatchQueue.global().async {
            _ = self.cron.withLockIfAvailable { seen in
                let effects = self.core.withLock {
                    $0.journal.desired.held.values.filter { $0.key.kind == .disableCronEntry }
                }
                for effect in effects { self.keepOff(effect, &seen) }
            }
        }
    }

    private func keepOff(_ effect: HeldEffect, _ seen: inout [String: [Int64]]) {
        guard let disabled = DisabledCronEntry(bytes: effect.undo), let place = CronPlace(disabled.path),
            let order = effect.orders.last
        else { return }
        let version = TextFile.version(disabled.path)
        guard seen[effect.key.subject] != version else { return }
        seen[effect.key.subject] = version
        do {
            guard try !switching(disabled, place, order).turnOff().isEmpty else { return }
            repaired("An entry of cron was turned on again, and was turned off again: \(disabled.title)")
            log.warning("an entry of cron was turned off again", metadata: ["entry": "\(disabled.title)"])
        } catch {
            log.error("an entry of cron could not be kept off: \(error)", metadata: ["entry": "\(disabled.title)"])
        }
    }
}
