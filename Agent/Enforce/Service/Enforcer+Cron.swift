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
        var changed: [HeldEffect] = []
        if earlier == nil, let found {
            disabled = found
            changed = join(&disabled, key)
        }
        let effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: disabled.title, term: clock.term(Term.endless), undo: disabled.bytes)
        // What fails half-way stays written down: its order can be undone.
        try write((changed + [effect]).map { .held($0) })
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
        try switching.turnOn(stamp: try stamp(after: effect, disabled, try switching.times()))
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

    // MARK: - Several entries of one table

    /// What else of the table is off.
    private func neighbours(of key: HeldEffect.Key, _ path: String) -> [(effect: HeldEffect, entry: DisabledCronEntry)]
    {
        core.withLock { $0.journal.desired.held.values.filter { $0.key.kind == .disableCronEntry && $0.key != key } }
            .compactMap { effect in DisabledCronEntry(bytes: effect.undo).map { (effect, $0) } }
            .filter { $0.entry.path == path }.sorted { $0.effect.key.subject < $1.effect.key.subject }
    }

    /// All entries of a table that are off share the time at which others changed it last: it is given back with the last
    /// of them. Returns those of the neighbours of which it is another now.
    private func join(_ disabled: inout DisabledCronEntry, _ key: HeldEffect.Key) -> [HeldEffect] {
        let neighbours = neighbours(of: key, disabled.path)
        if let last = neighbours.first(where: { $0.entry.stamp == disabled.modified }) {
            disabled.modified = last.entry.modified
            return []
        }
        return neighbours.map { effect, entry in
            var (effect, entry) = (effect, entry)
            entry.modified = disabled.modified
            effect.undo = entry.bytes
            return effect
        }
    }

    /// The time of change that a table gets when an entry is turned on again; `nil` for any new one, where somebody else
    /// changed it since. While neighbours are off it is a new one, which is written down with one of them before.
    private func stamp(
        after effect: HeldEffect, _ disabled: DisabledCronEntry,
        _ times: (now: FileStatus.Instant, next: FileStatus.Instant)?
    ) throws(EnforceError) -> FileStatus.Instant? {
        guard let times else { return nil }
        let neighbours = neighbours(of: effect.key, disabled.path)
        guard ([disabled] + neighbours.map(\.entry)).contains(where: { $0.stamp == times.now }) else { return nil }
        guard var (other, entry) = neighbours.first else { return disabled.modified }
        var (this, own) = (effect, disabled)
        // A crash may come between this and the change: then it is this one that has the time that the table has.
        (own.stamp, entry.stamp) = (times.now, times.next)
        (this.undo, other.undo) = (own.bytes, entry.bytes)
        try write([.held(this), .held(other)])
        return times.next
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
