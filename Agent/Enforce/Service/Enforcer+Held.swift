internal import CordonModel
internal import CordonOrders
internal import Logging

/// Effects that are held in a table of rules: on disk, then in force; under the lock.
extension Enforcer {
    /// Brings an effect about, for as long as is asked or an earlier one of the same key still lasts. Its orders and its
    /// term are filled in here. Returns the proof and when it ends.
    func hold(
        _ wanted: HeldEffect, in table: HeldTable, _ line: String, _ receipt: JournalRecord.Receipt,
        _ core: inout Core, _ begun: ContinuousClock.Instant, cutting: (FlowCutter) -> FlowCutter.Count
    ) throws(EnforceError) -> (proof: Proof, until: String) {
        let earlier = core.journal.desired.held[wanted.key]
        var effect = wanted
        if let earlier, earlier.orders.contains(receipt.order) {
            // Begun before a crash: the term runs from then.
            effect = earlier
        } else {
            guard core.journal.orders[receipt.order] == nil else {
                throw EnforceError(
                    "order.interrupted", "It was begun, and ended before its result was written down.")
            }
            // What is not the same, such as another list of the name, takes the earlier one's place.
            let same = earlier?.undo == wanted.undo ? earlier : nil
            effect.orders = (same?.orders ?? []).suffix(100) + [receipt.order]
            effect.term = longer(same?.term, wanted.term.duration)
        }
        try core.journal.append([.received(receipt), .held(effect)])
        do {
            let proof = try core.containment.renew(
                table, desired: core.journal.desired, clock: clock, lines: [line], since: begun, cutting: cutting)
            let end = clock.now() + clock.remaining(of: effect.term)
            return (proof, end.rfc3339(fractionDigits: 0))
        } catch {
            record([earlier.map { .held($0) } ?? .ended(effect.key, why: "it failed: \(error.code)")], &core)
            core.containment.rewrite(table)
            throw error
        }
    }

    /// Ends the effect of a kind that an order brought about; `nil` where there is none.
    func letGo(
        _ kind: ActionKind, of order: OrderID, _ receipt: JournalRecord.Receipt, _ core: inout Core,
        _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> (title: String, proof: Proof)? {
        let held = core.journal.desired.held.values.first { $0.key.kind == kind && $0.orders.contains(order) }
        guard let effect = held, let table = HeldTable(effect.key) else {
            try core.journal.append([.received(receipt)])
            // It may have ended on disk alone: nothing is said to be gone that the kernel may still hold.
            try core.containment.settle(kind, core.journal.desired, clock: clock)
            return nil
        }
        record([.received(receipt), .ended(effect.key, why: "order \(receipt.order)")], &core)
        do {
            let proof = try core.containment.renew(
                table, desired: core.journal.desired, clock: clock, lines: ["ended: \(effect.title)"], since: begun)
            return (effect.title, proof)
        } catch {
            core.containment.rewrite(table)
            throw error
        }
    }

    /// Ends what is over; the kernel has ended it already. Called in every round of the reconciler. Returns sentences about
    /// what it refused.
    func endHeld(_ core: inout Core) -> [String] {
        let over = core.journal.desired.effectsOver(clock: clock).filter { HeldTable($0.key) != nil }
        guard !over.isEmpty else { return [] }
        for effect in over {
            record([.ended(effect.key, why: "the term is over")], &core)
            log.notice("an effect has ended: its time is over", metadata: ["effect": "\(effect.title)"])
        }
        var said: [String] = []
        for table in Set(over.compactMap { HeldTable($0.key) }) {
            do {
                _ = try core.containment.renew(table, desired: core.journal.desired, clock: clock)
            } catch {
                said += core.containment.miss(.table(table), error)
            }
        }
        forgetLists(core)
        return said
    }

    /// Removes the files of lists that nothing holds any more.
    func forgetLists(_ core: borrowing Core) {
        core.containment.lists.forget(but: Set(core.journal.desired.lists.values.map(\.digest)))
    }
}
