package import CordonModel
package import CordonOrders
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// Orders that a host takes only with the approvals of several people. The host decides how many and whose: here their
/// signatures are gathered, and the order goes out again with each that came.
extension Fleet {
    /// Adds a person's signature to an order that waits for it, and sends it on. The same person again changes nothing.
    /// - Throws: ``FleetError`` `order.unknown`; `order.not_waiting` for one that is on its way or over; `approval.unknown`
    ///   for a key that the policy root did not list; `approval.invalid` for one that is not over this order.
    package func approve(
        _ id: OrderID, with approval: Approval, by principal: Principal
    ) async throws -> OrderRecord {
        guard let record = try await order(id) else { throw FleetError.unknownOrder(id) }
        guard record.state == .drafted || record.state == .queued else {
            throw FleetError.notWaiting(id, record.state)
        }
        guard let approver = approvers.first(where: { $0.id == approval.keyID }),
            approver.isBelieved(at: now)
        else { throw FleetError.unknownApprover }
        do throws(ApprovalFault) { try approver.check(approval, of: record.signedOrder) } catch {
            throw FleetError.badApproval(approver.person, error.why)
        }
        guard !record.approvedBy.contains(approver.person) else { return record }
        var named = approval
        named.person = approver.person
        let session = sessions.session(of: record.order.agent)
        let note = session == nil ? offlineNote(record.order) : ""
        try ledger.stage(id, to: .approved, at: now, by: principal.name) { $0.add(named) }
        try await ledger.settle(try ledger.stage(id, to: .queued, at: now) { $0.note = note })
        if let session { try await deliver(to: session) }
        return try await order(id) ?? record
    }

    /// Says no to an order that no host carries out yet, as one that waits for people: it is expired then, with the reason,
    /// and is not sent again. One that its host was asked about stays signed: the host would take it until it expires, from
    /// whoever has its bytes and enough approvals. The note says so.
    /// - Throws: ``FleetError`` `order.unknown`; `order.not_waiting` for one that is on its way or over.
    package func reject(_ id: OrderID, because reason: String, by principal: Principal) async throws -> OrderRecord {
        guard let before = try await order(id) else { throw FleetError.unknownOrder(id) }
        guard before.state == .drafted || before.state == .queued else { throw FleetError.notWaiting(id, before.state) }
        // Its time may be up meanwhile, without a word of anybody's.
        guard before.order.expiresAt > now else { throw FleetError.notWaiting(id, .expired) }
        guard try await takeBack(id, because: reason, by: principal), let record = try await order(id) else {
            throw FleetError.notWaiting(id, try await order(id)?.state ?? before.state)
        }
        return record
    }

    /// The host answered that it waits for people: so does the order now, unless it went out before the signatures that
    /// came meanwhile.
    /// - Returns: Whether that is what became of it.
    func awaits(_ result: OrderResult, _ record: OrderRecord) async throws -> Bool {
        guard case .refused(let rule) = result.outcome, let awaited = AwaitedApprovals(rule: rule) else { return false }
        // Heard already, from a stream that ended before it was acknowledged.
        if record.state == .drafted || record.state == .queued { return true }
        guard record.state.canBecome(.drafted) else { return false }
        let isStale = awaited.carried < record.approvals.count && record.attempts <= 2 * Approvals.most
        let ticket = try ledger.stage(
            record.id, to: isStale ? .queued : .drafted, at: now, by: "agent:\(record.order.agent)"
        ) {
            $0.note = isStale ? "" : result.message.bounded(1000)
        }
        try await ledger.settle(ticket)
        return true
    }
}

extension OrderRecord {
    private var envelope: Cordon_V1_SignedOrder? { try? Cordon_V1_SignedOrder(serializedBytes: signed) }

    /// The bytes that the controller signed, and that people sign.
    package var signedOrder: [UInt8] { envelope.map { [UInt8]($0.order) } ?? [] }

    /// Signatures of people that it carries.
    package var approvals: [Approval] { envelope?.approvals.map(\.model) ?? [] }

    /// Who has signed it.
    package var approvedBy: [String] { approvals.map(\.person) }

    fileprivate mutating func add(_ approval: Approval) {
        guard var envelope, !approvedBy.contains(approval.person), envelope.approvals.count < Approvals.most else {
            return
        }
        envelope.approvals.append(Cordon_V1_Approval(approval))
        if let bytes: [UInt8] = try? envelope.serializedBytes() { signed = bytes }
    }
}
