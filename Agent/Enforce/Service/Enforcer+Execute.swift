internal import CordonModel
internal import CordonOrders
internal import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import Logging
internal import SwiftProtobuf
internal import Synchronization

extension Enforcer {
    /// What became of a signed order, as it is answered; the same answer every time.
    package func execute(_ signed: Cordon_V1_SignedOrder) throws(EnforceError) -> Cordon_V1_OrderResult {
        let begun = ContinuousClock.now
        let step = try core.withLock { core throws(EnforceError) in try admit(signed, &core, begun: begun) }
        return conclude(step, begun: begun)
    }

    /// What became of an order that this host gives itself, by a standing order: local policy judges it as any other.
    func executeOwn(_ order: Order) throws(EnforceError) -> OrderResult {
        let begun = ContinuousClock.now
        let step = try core.withLock { core throws(EnforceError) in
            let now = clock.now()
            let bytes: [UInt8] = (try? Cordon_V1_Order(order).serializedBytes()) ?? []
            var receipt = JournalRecord.Receipt(
                order: order.id, digest: Fingerprint(of: bytes).bytes, kind: order.action.kind, at: now,
                expiresAt: order.expiresAt, counts: true, issuedAt: order.issuedAt)
            do throws(Refusal) {
                try judge(order, .none, core, now: now)
            } catch {
                receipt.counts = false
                return Step.answered(refuse(order, receipt, error, &core))
            }
            return try carryOut(order, receipt, &core, begun: begun)
        }
        do { return try conclude(step, begun: begun).model() } catch {
            throw EnforceError("order.result", "The result of the order \(order.id) cannot be read.")
        }
    }

    private func conclude(_ step: Step, begun: ContinuousClock.Instant) -> Cordon_V1_OrderResult {
        switch step {
        case .answered(let result): return result
        case .outside(let order, let policy):
            let verdict = perform(order, policy, begun: begun)
            return core.withLock { core in
                core.running.remove(order.id)
                return finish(order, verdict, startedAt: clock.now() - (ContinuousClock.now - begun), &core)
            }
        }
    }

    /// What to do with an order after it was looked at.
    private enum Step {
        case answered(Cordon_V1_OrderResult)
        /// It waits for processes or the disk: a release must not wait for it.
        case outside(Order, LocalPolicy)
    }

    /// What became of an order, before it is written down.
    struct Verdict {
        var outcome: Outcome
        var message: String
        var proof: Proof?
        var evidence: Evidence?
    }

    /// Verifies, judges, and carries out what is done under the lock.
    private func admit(
        _ signed: Cordon_V1_SignedOrder, _ core: inout Core, begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Step {
        let order: Order
        let verifier: OrderVerifier
        do throws(Refusal) {
            if core.host == nil { refreshHost(&core) }
            guard let host = core.host else { throw Refusal.notEnrolled }
            verifier = OrderVerifier(host: host, keys: try core.keys.keys(for: host))
            order = try verifier.open(signed)
        } catch {
            log.warning("an order was refused", metadata: ["rule": "\(error.rule)"])
            refusals.withLock { $0.note(nil, error.rule, at: clock.now()) }
            return .answered(unverified(signed, error))
        }
        let digest = Fingerprint(of: [UInt8](signed.order)).bytes
        if let known = core.journal.orders[order.id] {
            if let answer = try earlier(known, digest: digest, order: order) { return .answered(answer) }
            guard !core.running.contains(order.id) else {
                throw EnforceError(
                    "order.running", "The order \(order.id) is being carried out.", remedy: "Ask again shortly.")
            }
        }
        let now = clock.now()
        var receipt = JournalRecord.Receipt(
            order: order.id, digest: digest, kind: order.action.kind, at: now, expiresAt: order.expiresAt, counts: true,
            issuedAt: order.issuedAt)
        do throws(Refusal) {
            try judge(order, signed, verifier, core, now: now)
        } catch {
            receipt.counts = false
            // Not remembered: the same order may come again, with the signatures that it lacks.
            if AwaitedApprovals(rule: error.rule) != nil {
                log.notice("an order waits for approvals", metadata: ["order": "\(order.id)", "rule": "\(error.rule)"])
                return .answered(Cordon_V1_OrderResult(result(order.id, error)))
            }
            log.warning("an order was refused", metadata: ["order": "\(order.id)", "rule": "\(error.rule)"])
            refusals.withLock { $0.note(order.action.kind, error.rule, at: now) }
            if Self.isAlarming(error) {
                announcements.announce(.refused, "\(order.action.kind.rawValue): \(error.message)", at: now)
            }
            return .answered(refuse(order, receipt, error, &core))
        }
        return try carryOut(order, receipt, &core, begun: begun)
    }

    /// Whether somebody asked what nobody should have: forged, or more than this host takes in an hour.
    private static func isAlarming(_ refusal: Refusal) -> Bool {
        refusal.rule == "forged approval" || refusal.rule.prefix { $0 != " " }.hasSuffix("_per_hour")
    }

    /// The first result of an order that was seen before; `nil` when it was never finished, and is to be done again:
    /// every action means a state or one process, so that doing it again is the same as doing it once.
    private func earlier(
        _ known: OrderJournal.Entry, digest: [UInt8], order: Order
    ) throws(EnforceError) -> Cordon_V1_OrderResult? {
        guard known.receipt.digest == digest else {
            let refusal = Refusal("replay", "Another order with the number \(order.id) was seen before.")
            return Cordon_V1_OrderResult(result(order.id, refusal))
        }
        guard let bytes = known.result else { return nil }
        do {
            return try Cordon_V1_OrderResult(serializedBytes: bytes)
        } catch {
            throw EnforceError("journal.result", "The result of the order \(order.id) in the journal cannot be read.")
        }
    }

    private func judge(
        _ order: Order, _ signed: Cordon_V1_SignedOrder, _ verifier: OrderVerifier, _ core: borrowing Core,
        now: Timestamp
    ) throws(Refusal) {
        try verifier.checkTime(of: order, at: now)
        // Begun before a crash: it was judged then.
        if core.journal.orders[order.id] != nil { return }
        // A release of before is told by the isolation, below.
        if order.action != .release, let forgotten = core.journal.forgotten, order.issuedAt <= forgotten {
            throw Refusal(
                "replay",
                "Orders issued by \(forgotten) were forgotten, while this host's clock was ahead: this may be one."
            )
        }
        if order.action == .release, let held = core.journal.desired.isolation, order.issuedAt < held.issuedAt {
            throw Refusal(
                "replay", "The release was issued before the isolation that is in force, at \(held.issuedAt).")
        }
        let approvals = try verifier.approvals(of: signed, at: now)
        try judge(order, approvals, core, now: now)
    }

    /// What this host's own policy says.
    private func judge(
        _ order: Order, _ approvals: Approvals, _ core: borrowing Core, now: Timestamp
    ) throws(Refusal) {
        let surroundings = try surroundings(of: order.action, core)
        try core.policy.check(order.action, at: surroundings)
        try core.policy.checkHours(of: order.action.kind, at: now)
        try core.policy.checkApprovals(of: order.action.kind, approvals)
        if !approvals.people.isEmpty {
            let people = approvals.people.joined(separator: ", ")
            log.notice("an order is approved", metadata: ["order": "\(order.id)", "by": "\(people)"])
        }
        try core.policy.checkRate(order.action.kind, past: core.journal.lastHour(now: now))
        if order.action != .release, core.journal.orders.count >= 2 * OrderJournal.mostOrders {
            throw Refusal(
                "built-in: journal", "The journal holds \(core.journal.orders.count) orders, the most that it may.")
        }
    }

    private func carryOut(
        _ order: Order, _ receipt: JournalRecord.Receipt, _ core: inout Core, begun: ContinuousClock.Instant
    ) throws(EnforceError) -> Step {
        let startedAt = receipt.at
        let verdict: Verdict
        do {
            if order.action != .release { try core.journal.compactIfLarge() }
            switch order.action {
            case .isolate(let isolation): verdict = try isolate(isolation, order, receipt, &core, begun)
            case .release: verdict = try release(receipt, order, &core, begun)
            case .blockAddress(let block) where block.isWhole:
                verdict = try self.block(block, receipt, &core, begun)
            case .blockAddress(let block): verdict = try blockPart(block, receipt, &core, begun)
            case .unblockAddress(let network): verdict = try unblock(network, receipt, &core, begun)
            case .endBlock(let order): verdict = try endBlock(order, receipt, &core, begun)
            case .blockAddresses(let block): verdict = try blockList(block, receipt, &core, begun)
            case .unblockAddresses(let order): verdict = try endList(order, receipt, &core, begun)
            case .cutUserNetwork(let cut): verdict = try cutNetwork(cut, receipt, &core, begun)
            case .sinkholeDomain(let sinkhole): verdict = try self.sinkhole(sinkhole, receipt, &core, begun)
            case .restoreUserNetwork(let order): verdict = try end(.cutUserNetwork, order, receipt, &core, begun)
            case .unsinkholeDomain(let order): verdict = try end(.sinkholeDomain, order, receipt, &core, begun)
            case .killProcess, .freezeProcess, .thawProcess, .blockExecutable, .unblockExecutable, .quarantineFile,
                .restoreFile, .deleteFile,
                .lockAccount, .unlockAccount, .stopService, .restoreService, .collectFile, .removeSSHKey,
                .restoreSSHKey, .disableCronEntry, .enableCronEntry, .triage, .collectProcessMemory, .liveTable,
                .yaraScan:
                try core.journal.append([.received(receipt)])
                core.running.insert(order.id)
                return .outside(order, core.policy)
            }
        } catch {
            log.error("an order failed", metadata: ["order": "\(order.id)", "error": "\(error)"])
            return .answered(finish(order, Self.failed(error), startedAt: startedAt, &core))
        }
        return .answered(finish(order, verdict, startedAt: startedAt, &core))
    }

    static func failed(_ error: EnforceError) -> Verdict {
        let remedy = error.remedy.isEmpty ? "" : " \(error.remedy)"
        return Verdict(outcome: .failed(code: error.code), message: error.message + remedy)
    }

    // MARK: - Results

    /// Writes the result down and answers it. A result that cannot be written is answered all the same: the order's
    /// effect is desired state, and doing it again later does no harm.
    private func finish(
        _ order: Order, _ verdict: Verdict, startedAt: Timestamp, _ core: inout Core
    ) -> Cordon_V1_OrderResult {
        let result = Cordon_V1_OrderResult(
            OrderResult(
                order: order.id, outcome: verdict.outcome, message: verdict.message, startedAt: startedAt,
                finishedAt: clock.now(), proof: verdict.proof, evidence: verdict.evidence))
        log.notice(
            "an order is done",
            metadata: [
                "order": "\(order.id)", "action": "\(order.action.kind.rawValue)", "outcome": "\(verdict.outcome)",
                "message": "\(verdict.message)",
            ])
        // An order of which nothing was written down is not remembered as finished either: it may be delivered again.
        guard core.journal.orders[order.id] != nil, let bytes: [UInt8] = try? result.serializedBytes() else {
            return result
        }
        do {
            try core.journal.append([.finished(order.id, result: bytes)], urgent: true)
        } catch {
            core.journal.take([.finished(order.id, result: bytes)])
            log.error("a result could not be written down", metadata: ["order": "\(order.id)", "error": "\(error)"])
        }
        return result
    }

    private func refuse(
        _ order: Order, _ receipt: JournalRecord.Receipt, _ refusal: Refusal, _ core: inout Core
    ) -> Cordon_V1_OrderResult {
        let result = Cordon_V1_OrderResult(result(order.id, refusal))
        if let bytes: [UInt8] = try? result.serializedBytes() {
            do {
                try core.journal.append([.received(receipt), .finished(order.id, result: bytes)])
            } catch {
                log.error(
                    "a refusal could not be written down", metadata: ["order": "\(order.id)", "error": "\(error)"])
            }
        }
        return result
    }

    private func result(_ order: OrderID, _ refusal: Refusal) -> OrderResult {
        let now = clock.now()
        return OrderResult(
            order: order, outcome: .refused(rule: refusal.rule), message: refusal.message, startedAt: now,
            finishedAt: now)
    }

    /// The answer to an order that is not genuine. Its number is echoed so that the refusal finds its order; nothing is
    /// written down, for whoever talks to the socket could fill the disk.
    private func unverified(_ signed: Cordon_V1_SignedOrder, _ refusal: Refusal) -> Cordon_V1_OrderResult {
        let claimed =
            signed.order.count <= OrderVerifier.limit ? try? Cordon_V1_Order(serializedBytes: signed.order) : nil
        let number = claimed.flatMap { OrderID(bytes: $0.orderID) } ?? OrderID(UUIDv7(high: 0, low: 0))
        return Cordon_V1_OrderResult(result(number, refusal))
    }
}
