package import CordonModel
package import CordonOrders
internal import Logging
internal import Synchronization

extension Enforcer {
    /// On disk, then in force; when the kernel says no, off the disk again.
    func isolate(
        _ isolation: Isolation, _ order: Order, _ receipt: JournalRecord.Receipt, _ core: inout Core,
        _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let held = core.journal.desired.isolation
        // An order that was begun before a crash keeps the term that it began then.
        if core.journal.desired.isolation?.order != order.id {
            guard core.journal.orders[order.id] == nil else {
                throw EnforceError(
                    "order.interrupted", "The isolation was begun, and ended before its result was written down.")
            }
            // A later, shorter isolation never cuts an earlier one short: who wants that releases first.
            let asked = clock.term(isolation.duration)
            let term = held.map { clock.remaining(of: $0.term) > isolation.duration ? $0.term : asked } ?? asked
            // Nor does one that would end with the controller make one end so that would stay.
            let lost = held.map { $0.lost.flatMap { held in isolation.releaseWhenLost.map { max(held, $0) } } }
            // Nor does one of a lower level open what the earlier one closed.
            let level = max(isolation.level, held?.level ?? .network)
            try core.journal.append([
                .received(receipt), .heard(boot: clock.boot, sinceBoot: clock.sinceBoot()),
                .isolated(
                    order: order.id, issuedAt: max(order.issuedAt, held?.issuedAt ?? order.issuedAt), term: term,
                    lost: lost ?? isolation.releaseWhenLost, level: level),
            ])
        }
        do {
            let level = core.journal.desired.isolation?.level ?? isolation.level
            let proof = try core.containment.isolate(level, since: begun)
            let left = core.journal.desired.isolation.map { clock.remaining(of: $0.term) } ?? isolation.duration
            let until = clock.now() + left
            let loss = core.journal.desired.isolation?.lost.map {
                ", or until the controller is not heard for \($0.spelled)"
            }
            let end = until.rfc3339(fractionDigits: 0)
            return Self.proved(
                proof, "The host is isolated until \(end)\(loss ?? ""); level \(level.rawValue).")
        } catch {
            // An isolation that was to be prolonged stays as it was: a fault must not open the host.
            if let held, held.order != order.id {
                record([held.record], &core)
            } else {
                record([.released(why: "isolation failed: \(error.code)")], &core)
                _ = try? core.containment.release()
            }
            throw error
        }
    }

    /// In the kernel first, for nothing may keep a host cut off; then on disk, from the reserve if need be.
    func release(
        _ receipt: JournalRecord.Receipt, _ order: Order, _ core: inout Core, _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let wasIsolated = core.journal.desired.isolation != nil
        let proof = try core.containment.release(since: begun)
        record([.received(receipt), .released(why: "order \(order.id)")], &core)
        forgetSeenIsolation()
        guard wasIsolated else {
            var proof = proof
            proof.applied = ["nothing: there was no isolation"]
            return Self.proved(proof, "The host was not isolated.")
        }
        return Self.proved(proof, "The host is no longer isolated.")
    }

    func block(
        _ wanted: AddressBlock, _ receipt: JournalRecord.Receipt, _ core: inout Core, _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let left = core.journal.desired.blocks[wanted.network].map { Duration.nanoseconds($0 - clock.sinceBoot()) }
        let wasBlocked = left != nil
        // As with isolations: a shorter block never cuts a longer one short.
        let block = AddressBlock(network: wanted.network, duration: max(wanted.duration, left ?? .zero))
        var start = clock.term(.zero)
        // Begun before a crash: the term runs from then.
        if let first = core.journal.orders[receipt.order]?.receipt.at {
            start = Term(start: first, duration: .zero, boot: "", startSinceBoot: 0)
        }
        try core.journal.append([.received(receipt), .blocked([block], start: start)])
        do {
            let proof =
                wasBlocked
                ? try core.containment.prolong(block.network, desired: core.journal.desired, clock: clock, since: begun)
                : try core.containment.block([block.network], desired: core.journal.desired, clock: clock, since: begun)
            let until = (clock.now() + block.duration).rfc3339(fractionDigits: 0)
            return Self.proved(proof, "\(block.network) is blocked until \(until).")
        } catch {
            if let left, left > .zero {
                let before = AddressBlock(network: block.network, duration: left)
                record([.blocked([before], start: clock.term(.zero))], &core)
            } else {
                record([.unblocked(block.network)], &core)
            }
            throw error
        }
    }

    func unblock(
        _ network: Network, _ receipt: JournalRecord.Receipt, _ core: inout Core, _ begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Verdict {
        let wasBlocked = core.journal.desired.blocks[network] != nil
        record([.received(receipt), .unblocked(network)], &core)
        var proof = try core.containment.unblock(network, desired: core.journal.desired, clock: clock, since: begun)
        if !wasBlocked { proof.applied = ["nothing: \(network) was not blocked"] }
        let verdict = Self.proved(
            proof, wasBlocked ? "\(network) is no longer blocked." : "\(network) was not blocked.")
        let parts = core.journal.desired.parts(touching: network)
        guard case .succeeded = verdict.outcome, !parts.isEmpty else { return verdict }
        let ways = parts.prefix(3).map { part in
            part.title + (part.orders.last.map { " (`cordon undo \($0)` ends it)" } ?? "")
        }
        let others = parts.count > 3 ? " and \(parts.count - 3) more" : ""
        let still = "Still blocked by port or direction: \(ways.joined(separator: ", "))\(others)."
        // Who wanted the address back has not got it. What this order is there to end did end, where there was any.
        return Verdict(
            outcome: wasBlocked ? .succeeded : .failed(code: "block.by_port"), message: "\(verdict.message) \(still)",
            proof: proof)
    }

    /// Succeeded when every probe passed.
    static func proved(_ proof: Proof, _ message: String) -> Verdict {
        guard let failed = proof.probes.first(where: { !$0.passed }) else {
            return Verdict(outcome: .succeeded, message: message, proof: proof)
        }
        return Verdict(
            outcome: .failed(code: "proof.\(failed.name)"),
            message: "It was applied, but the proof failed: \(failed.observed).",
            proof: proof)
    }

    /// Blocks many networks at once, as one change on disk and one transaction: what `bench contain` measures, and what
    /// a start after a reboot does.
    package func blockAll(_ blocks: [AddressBlock]) throws(EnforceError) -> Proof {
        try core.withLock { core throws(EnforceError) in
            let begun = ContinuousClock.now
            try core.journal.append(JournalRecord.chunks(blocks, start: clock.term(.zero)))
            return try core.containment.block(
                blocks.map(\.network), desired: core.journal.desired, clock: clock, since: begun)
        }
    }
}
