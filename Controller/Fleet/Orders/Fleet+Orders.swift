package import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import Logging
internal import SwiftProtobuf

extension Fleet {
    /// Orders an action of a host. The same request again is the same order, whatever became of it meanwhile.
    ///
    /// Returns when the order is durable, signed, and, where the host is online, on its way. For a host that is offline
    /// the record's note says since when, and until when the order waits.
    /// - Throws: ``FleetError`` `host.unknown`, `host.revoked`, `order.invalid`, `order.conflict`; or what the store says.
    package func submit(_ request: OrderRequest, by principal: Principal) async throws -> OrderRecord {
        guard let record = try await submit([request], by: principal).first else {
            throw FleetError.unknownOrder(request.id)
        }
        return record
    }

    /// The same for many hosts at once, in one transaction: all or none.
    package func submit(_ requests: [OrderRequest], by principal: Principal) async throws -> [OrderRecord] {
        var fresh: [(OrderRecord, Session?)] = []
        var known: [OrderID: OrderRecord] = [:]
        for request in requests {
            if let existing = try await existing(request) {
                known[request.id] = existing
            } else {
                fresh.append((try draft(request, by: principal), sessions.session(of: request.agent)))
            }
        }
        var ticket: OrderLedger.Ticket?
        for (record, session) in fresh { ticket = try stage(record, for: session, by: principal) ?? ticket }
        if let ticket { try await ledger.settle(ticket) }
        for (record, session) in fresh { try await dispatch(record.id, to: session) }
        return requests.compactMap { request in
            known[request.id] ?? ledger.record(request.id) ?? fresh.first { $0.0.id == request.id }?.0
        }
    }

    /// Orders what undoes another order, of the same host and for the same case.
    /// - Throws: ``FleetError`` `order.unknown`, `order.no_undo` for what cannot be undone or is over; or as
    ///   ``submit(_:by:)-swift.method``.
    package func undo(
        of id: OrderID, as number: OrderID, reason: String, by principal: Principal
    ) async throws -> OrderRecord {
        guard let done = try await order(id) else { throw FleetError.unknownOrder(id) }
        guard let undo = done.order.action.undo(of: id) else { throw FleetError.noUndo(done.order.action.kind) }
        let request = OrderRequest(
            id: number, agent: done.order.agent, action: undo, reason: reason, caseID: done.order.caseID,
            lifetime: .seconds(900))
        // Asked again, it is the same undo, though what it undid is over by then.
        if try await existing(request) == nil, let why = whyOver(done) { throw FleetError.nothingToUndo(id, why) }
        return try await submit(request, by: principal)
    }

    /// Why the order has no effect, as far as that is known here; `nil` where it may have one.
    private func whyOver(_ record: OrderRecord) -> String? {
        switch record.state {
        case .refused, .expired: return "it is \(record.state.rawValue)"
        case .reverted: return "it was undone" + (record.revertedBy.map { " by order \($0)" } ?? "")
        case .succeeded:
            guard let duration = record.order.action.duration, record.changedAt + duration < now else { return nil }
            return "its time was over at \(record.changedAt + duration)"
        case .drafted, .approved, .queued, .leased, .received, .running, .failed, .unknown: return nil
        }
    }

    /// The order; `nil` when there is none.
    package func order(_ id: OrderID) async throws -> OrderRecord? {
        if let open = ledger.record(id) { return open }
        return try await orderStore.order(id)
    }

    /// The orders that are meant, newest first.
    package func orders(_ filter: OrderFilter) async throws -> [OrderRecord] { try await orderStore.orders(filter) }

    // MARK: Making

    private func existing(_ request: OrderRequest) async throws -> OrderRecord? {
        guard let record = try await order(request.id) else { return nil }
        guard record.order.agent == request.agent, record.order.action == request.action else {
            throw FleetError.orderConflict(request.id)
        }
        return record
    }

    private func draft(_ request: OrderRequest, by principal: Principal) throws -> OrderRecord {
        guard let host = registry.host(request.agent) else { throw FleetError.unknownHost(request.agent) }
        guard host.revocation == nil else { throw FleetError.revokedHost(request.agent) }
        guard request.lifetime >= .seconds(1), request.lifetime <= .seconds(30 * 86_400) else {
            throw FleetError.invalidOrder("An order waits between a second and 30 days.")
        }
        let order = Order(
            id: request.id, fleet: keys.fleet, agent: request.agent, action: request.action, issuedAt: now,
            expiresAt: now + request.lifetime, caseID: request.caseID, requestedBy: principal.name.bounded(255),
            reason: request.reason.bounded(1000))
        // What the enforcer would refuse as malformed is refused here, where a person sees it.
        do { _ = try Cordon_V1_Order(order).model() } catch { throw FleetError.invalidOrder(error.message) }
        return OrderRecord(order: order, state: .queued, changedAt: now, signed: try sign(order))
    }

    private func sign(_ order: Order) throws -> [UInt8] {
        let envelope = try OrderEnvelope(signing: try Cordon_V1_Order(order).serializedBytes(), with: keys.orderKey)
        var signed = Cordon_V1_SignedOrder()
        signed.order = Data(envelope.order)
        signed.keyID = Data(envelope.keyID)
        signed.signature = Data(envelope.signature)
        return try signed.serializedBytes()
    }

    /// Stages the new order, and its lease too where a session is open: one transaction.
    private func stage(_ record: OrderRecord, for session: Session?, by principal: Principal) throws -> OrderLedger
        .Ticket?
    {
        var record = record
        if session == nil { record.note = offlineNote(record.order) }
        let entry = AuditEntry(
            at: record.changedAt, actor: principal.name, verb: "order.queued", subject: "order:\(record.id)",
            details: [
                "host": "\(record.order.agent)", "action": record.order.action.kind.rawValue,
                "ordered": Self.ordered(record.order.action),
                "reason": record.order.reason,
                "case": record.order.caseID.map { "\($0)" } ?? "",
            ])
        guard let ticket = ledger.stage(new: record, recording: entry) else { return nil }
        guard let session else { return ticket }
        return try ledger.stage(record.id, to: .leased, lease: session.id, at: now) { $0.attempts += 1 }
    }

    /// What was ordered and how long, as the audit chain keeps it.
    private static func ordered(_ action: Action) -> String {
        let lasting = action.duration.map { " for \($0.spelled)" } ?? ""
        return action.sentence.bounded(500) + lasting
    }

    /// Why nothing happens yet.
    func offlineNote(_ order: Order) -> String {
        let since = registry.host(order.agent)?.lastSeen.map { "since \($0)" } ?? "and has not connected yet"
        return "The host is offline \(since); the order waits until \(order.expiresAt)."
    }

    // MARK: Delivering

    /// Sends a leased order, or looks again where the host came or went in between.
    private func dispatch(_ id: OrderID, to session: Session?) async throws {
        guard let record = ledger.record(id) else { return }
        if record.state == .leased, let session {
            guard !send(record, on: session) else { return }
            try await requeue([id])
        }
        if let now = sessions.session(of: record.order.agent), now.id != session?.id { try await deliver(to: now) }
    }

    /// Leases everything that waits for the agent to its session and sends it. What it has already is sent again: agents
    /// know an order that they had, and answer with its first result.
    func deliver(to session: Session) async throws {
        var ticket: OrderLedger.Ticket?
        var leased: [OrderID] = []
        for record in ledger.open(of: session.agent, in: [.queued, .received, .running])
        where record.order.expiresAt > now {
            // Another path may have leased it meanwhile: then it is that one's to send.
            guard
                let staged = try? ledger.stage(
                    record.id, to: .leased, lease: session.id, at: now, change: { $0.attempts += 1 })
            else { continue }
            ticket = staged
            leased.append(record.id)
        }
        guard let ticket else { return }
        try await ledger.settle(ticket)
        let unsent = leased.filter { id in ledger.record(id).map { !send($0, on: session) } ?? false }
        try await requeue(unsent)
    }

    private func send(_ record: OrderRecord, on session: Session) -> Bool {
        guard let signed = try? Cordon_V1_SignedOrder(serializedBytes: record.signed) else { return false }
        return session.send(.with { $0.order = signed })
    }

    /// Takes leases back.
    func requeue(_ ids: [OrderID]) async throws {
        var ticket: OrderLedger.Ticket?
        for id in ids {
            guard let order = ledger.staged(id)?.order else { continue }
            let note = offlineNote(order)
            ticket = (try? ledger.stage(id, to: .queued, at: now) { $0.note = note }) ?? ticket
        }
        if let ticket { try await ledger.settle(ticket) }
    }

    /// At the start no stream is open, so nothing can be leased.
    func requeueLeftovers() async throws {
        let leftovers = registry.hosts.flatMap { ledger.open(of: $0.id, in: [.leased]) }
        try await requeue(leftovers.map(\.id))
    }

    // MARK: Answers

    /// The agent has the order, or works on it. News only: a step that comes late or twice changes nothing.
    func progressed(_ id: OrderID, to state: OrderState, at session: Session) async throws {
        guard let record = ledger.staged(id), record.order.agent == session.agent,
            let ticket = try? ledger.stage(id, to: state, at: now)
        else { return }
        try await ledger.settle(ticket)
    }

    /// Writes a result down and acknowledges it. Only the first counts; each is acknowledged, or the agent repeats it for ever.
    func answered(_ result: OrderResult, at session: Session) async throws {
        if try await settle(result, from: session.agent) == false {
            log.warning(
                "a result for an order that is not the agent's was dropped", metadata: ["order": "\(result.order)"])
        }
        session.send(.with { $0.resultAck.orderID = result.order.data })
        // Signatures came while the host was asked without them.
        if ledger.staged(result.order)?.state == .queued { try await deliver(to: session) }
    }

    private func settle(_ result: OrderResult, from agent: AgentID) async throws -> Bool {
        if ledger.staged(result.order) == nil, let stored = try await orderStore.order(result.order) {
            ledger.adopt(stored)
        }
        guard let record = ledger.staged(result.order), record.order.agent == agent else { return false }
        defer { ledger.forgetSettled(record.id) }
        if try await awaits(result, record) { return true }
        guard record.state.canBecome(result.outcome.state) else { return true }
        // The effect is over before the order that ended it is told to have succeeded.
        var ticket = try ledger.stage(record.id, to: result.outcome.state, at: now, by: "agent:\(agent)") {
            $0.result = result
        }
        if result.outcome == .succeeded {
            for original in try await reverted(by: record.order) {
                ledger.adopt(original)
                ticket =
                    (try? ledger.stage(original.id, to: .reverted, at: now) { $0.revertedBy = record.id }) ?? ticket
            }
        }
        try await ledger.settle(ticket)
        return true
    }

    /// The orders whose effect this one ended.
    private func reverted(by order: Order) async throws -> [OrderRecord] {
        guard let kind = ActionKind.allCases.first(where: { $0.undo == order.action.kind }) else { return [] }
        return try await orderStore.revertible(agent: order.agent, kind: kind).filter {
            $0.order.action.undo(of: $0.id) == order.action
        }
    }

    // MARK: Ends

    /// Gives up orders whose time is up: those that never left are expired, those that a host has are unknown.
    func sweepOrders() async throws {
        var ticket: OrderLedger.Ticket?
        for record in ledger.due(at: now) {
            switch record.state {
            case .drafted, .approved, .queued:
                ticket =
                    (try? ledger.stage(record.id, to: .expired, at: now) {
                        $0.note =
                            record.state == .drafted
                            ? "Not enough people approved it in time." : "The host did not come back in time."
                    }) ?? ticket
            case .leased, .received, .running:
                guard record.order.expiresAt + settings.answerGrace <= now else { continue }
                ticket =
                    (try? ledger.stage(record.id, to: .unknown, at: now) {
                        $0.note = "The host had the order and did not answer: what became of it is not known."
                    }) ?? ticket
            case .succeeded, .failed, .refused, .expired, .unknown, .reverted: continue
            }
        }
        if let ticket { try await ledger.settle(ticket) }
    }

    /// Takes an order back that no agent has leased yet: it is expired then, with the reason. Any other stays as it is.
    /// - Returns: The order as it is now; `nil` when there is none.
    package func withdraw(_ id: OrderID, because reason: String, by principal: Principal) async throws -> OrderRecord? {
        _ = try await takeBack(id, because: reason, by: principal)
        return try await order(id)
    }

    /// - Returns: Whether that ended it: it may be on its way, or over by itself.
    func takeBack(_ id: OrderID, because reason: String, by principal: Principal) async throws -> Bool {
        guard let state = ledger.staged(id)?.state, state == .queued || state == .drafted else { return false }
        // It may be leased at this very moment: then the ledger says no.
        let ticket = try? ledger.stage(id, to: .expired, at: now, by: principal.name) {
            $0.note = "Withdrawn: \(reason.bounded(500))"
            if $0.attempts > 0 {
                $0.note +=
                    " (The host was asked already: what it was sent stays signed until \($0.order.expiresAt), for whoever has it.)"
            }
        }
        guard let ticket else { return false }
        try await ledger.settle(ticket)
        return true
    }

    /// Ends what waits for a host that will not come back.
    func expireOrders(of agent: AgentID, because note: String) async throws {
        var ticket: OrderLedger.Ticket?
        for record in ledger.open(of: agent, in: [.drafted, .queued, .leased, .received, .running]) {
            let next: OrderState = record.state == .queued || record.state == .drafted ? .expired : .unknown
            ticket = (try? ledger.stage(record.id, to: next, at: now) { $0.note = note }) ?? ticket
        }
        if let ticket { try await ledger.settle(ticket) }
    }
}
