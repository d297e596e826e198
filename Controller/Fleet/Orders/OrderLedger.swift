internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Synchronization

/// The open orders, and the only way to change one: a step is checked and staged at once, and made durable together with
/// whatever else is staged by then. A thousand steps at the same time are one transaction, not a thousand.
///
/// Nobody sees a step before it is durable: `record(_:)` and `changed` tell only what is on disk.
final class OrderLedger: Sendable {
    /// Which batch a staged step is in.
    typealias Ticket = Int

    /// One order on its way.
    fileprivate struct Entry {
        /// What is durable; `nil` for an order that is just being made.
        var durable: OrderRecord?
        /// What it will be when the staged steps are durable.
        var staged: OrderRecord
        /// The session that it is leased to.
        var lease: UInt64?
    }

    fileprivate enum Turn { case durable, lead }

    /// Steps that become durable together.
    fileprivate struct Batch {
        var number: Ticket
        var records: [OrderID: OrderRecord] = [:]
        var steps: [OrderRecord] = []
        var entries: [AuditEntry] = []
        var waiters: [CheckedContinuation<Turn, any Error>] = []
    }

    fileprivate struct State {
        var orders: [OrderID: Entry] = [:]
        var byAgent: [AgentID: Set<OrderID>] = [:]
        var collecting = Batch(number: 1)
        var inFlight: Batch?
        /// Numbers of batches that could not be made durable, with the reason.
        var failed: [Ticket: any Error] = [:]
    }

    private let state = Mutex(State())
    private let repository: any OrderRepository
    private let changed: @Sendable (OrderRecord) -> Void

    init(repository: any OrderRepository, changed: @escaping @Sendable (OrderRecord) -> Void) {
        self.repository = repository
        self.changed = changed
    }

    // MARK: Reading

    /// The order as it is on disk; `nil` when it is not open.
    func record(_ id: OrderID) -> OrderRecord? { state.withLock { $0.orders[id]?.durable } }

    /// The order as it will be when what is staged is durable; `nil` when it is not open.
    func staged(_ id: OrderID) -> OrderRecord? { state.withLock { $0.orders[id]?.staged } }

    /// Open orders of the agent that are in one of the states, oldest first.
    func open(of agent: AgentID, in states: Set<OrderState>) -> [OrderRecord] {
        state.withLock { state in
            let ids = state.byAgent[agent] ?? []
            return ids.compactMap { state.orders[$0]?.staged }.filter { states.contains($0.state) }.sorted {
                $0.id < $1.id
            }
        }
    }

    /// Orders leased to the session.
    func leased(to session: UInt64) -> [OrderID] {
        state.withLock { state in
            state.orders.values.filter { $0.lease == session && $0.staged.state == .leased }.map(\.staged.id)
        }
    }

    /// Open orders whose time is up.
    func due(at now: Timestamp) -> [OrderRecord] {
        state.withLock { $0.orders.values.map(\.staged).filter { !$0.state.isFinal && $0.order.expiresAt <= now } }
    }

    // MARK: Staging

    /// Takes in an order that is on disk. One that is here already stays as it is.
    func adopt(_ record: OrderRecord) {
        state.withLock { state in
            guard state.orders[record.id] == nil else { return }
            state.orders[record.id] = Entry(durable: record, staged: record)
            state.byAgent[record.order.agent, default: []].insert(record.id)
        }
    }

    /// Lets go of a final order that was adopted, where nothing is staged for it.
    func forgetSettled(_ id: OrderID) {
        state.withLock { state in
            guard let entry = state.orders[id], let durable = entry.durable, durable == entry.staged,
                durable.state.isFinal
            else { return }
            state.forget(durable)
        }
    }

    /// Stages an order that is not on disk yet. `nil` when there is one with this identifier already.
    func stage(new record: OrderRecord, recording entry: AuditEntry) -> Ticket? {
        state.withLock { state in
            guard state.orders[record.id] == nil else { return nil }
            state.orders[record.id] = Entry(durable: nil, staged: record)
            state.byAgent[record.order.agent, default: []].insert(record.id)
            return state.append(record, entry)
        }
    }

    /// Stages a step. Throws `order.stale` when the state machine does not allow it.
    @discardableResult
    func stage(
        _ id: OrderID, to next: OrderState, lease: UInt64? = nil, at now: Timestamp,
        by actor: String = Principal.system.name,
        change: (inout OrderRecord) -> Void = { _ in }
    ) throws(FleetError) -> Ticket {
        let outcome = state.withLock { state -> Result<Ticket, FleetError> in
            guard var entry = state.orders[id] else { return .failure(.unknownOrder(id)) }
            let before = entry.staged.state
            guard before.canBecome(next) else { return .failure(.staleOrder(id, before, next)) }
            entry.staged.state = next
            entry.staged.changedAt = now
            entry.staged.note = ""
            entry.lease = lease
            change(&entry.staged)
            state.orders[id] = entry
            return .success(state.append(entry.staged, .step(entry.staged, from: before, at: now, by: actor)))
        }
        return try outcome.get()
    }

    // MARK: Making durable

    /// Returns when the batch is durable, or throws why it could not be made so. Whoever comes first writes for all.
    func settle(_ ticket: Ticket) async throws {
        if try await turn(ticket) == .lead { try await lead(ticket) }
    }

    private func turn(_ ticket: Ticket) async throws -> Turn {
        try await withCheckedThrowingContinuation { waiter in
            let answer = state.withLock { state -> Result<Turn, any Error>? in
                if let error = state.failed[ticket] { return .failure(error) }
                if let flying = state.inFlight {
                    if ticket < flying.number { return .success(.durable) }
                    if ticket == flying.number {
                        state.inFlight?.waiters.append(waiter)
                    } else {
                        state.collecting.waiters.append(waiter)
                    }
                    return nil
                }
                if ticket < state.collecting.number { return .success(.durable) }
                state.takeOff()
                return .success(.lead)
            }
            if let answer { waiter.resume(with: answer) }
        }
    }

    private func lead(_ ticket: Ticket) async throws {
        let batch = state.withLock { $0.inFlight ?? Batch(number: ticket) }
        do {
            // A task of its own: whoever leads writes for all, and may be cancelled in between with its own stream.
            try await Task { [repository] in
                try await repository.save(Array(batch.records.values), recording: batch.entries)
            }.value
        } catch {
            for waiter in state.withLock({ $0.fail(error) }) { waiter.resume(throwing: error) }
            throw error
        }
        let (done, next) = state.withLock { $0.land() }
        for waiter in done { waiter.resume(returning: .durable) }
        for record in batch.steps { changed(record) }
        next?.resume(returning: .lead)
    }
}

extension OrderLedger.State {
    fileprivate mutating func append(_ record: OrderRecord, _ entry: AuditEntry) -> Int {
        collecting.records[record.id] = record
        collecting.steps.append(record)
        collecting.entries.append(entry)
        return collecting.number
    }

    fileprivate mutating func takeOff() {
        inFlight = collecting
        collecting = OrderLedger.Batch(number: collecting.number + 1)
    }

    /// The batch in flight is durable: who waited for it, and who writes the next one if somebody waits for that.
    fileprivate mutating func land() -> (
        [CheckedContinuation<OrderLedger.Turn, any Error>], CheckedContinuation<OrderLedger.Turn, any Error>?
    ) {
        guard let batch = inFlight else { return ([], nil) }
        for (id, record) in batch.records {
            orders[id]?.durable = record
            if orders[id]?.staged == record, record.state.isFinal { forget(record) }
        }
        inFlight = nil
        guard let next = collecting.waiters.popLast() else { return (batch.waiters, nil) }
        takeOff()
        return (batch.waiters, next)
    }

    /// Nothing staged can become durable: everything goes back to what is on disk.
    fileprivate mutating func fail(_ error: any Error) -> [CheckedContinuation<OrderLedger.Turn, any Error>] {
        let batches = [inFlight, collecting].compactMap { $0 }
        for id in batches.flatMap(\.records.keys) {
            guard let entry = orders[id] else { continue }
            if let durable = entry.durable {
                orders[id]?.staged = durable
            } else {
                forget(entry.staged)
            }
        }
        for batch in batches { failed[batch.number] = error }
        // Whoever staged asks soon; nobody asks for what is long past.
        failed = failed.filter { $0.key > collecting.number - 1000 }
        inFlight = nil
        collecting = OrderLedger.Batch(number: collecting.number + 1)
        return batches.flatMap(\.waiters)
    }

    fileprivate mutating func forget(_ record: OrderRecord) {
        orders[record.id] = nil
        byAgent[record.order.agent]?.remove(record.id)
        if byAgent[record.order.agent]?.isEmpty == true { byAgent[record.order.agent] = nil }
    }
}

extension AuditEntry {
    /// One step of an order.
    fileprivate static func step(_ record: OrderRecord, from: OrderState, at now: Timestamp, by actor: String)
        -> AuditEntry
    {
        var details = [
            "from": from.rawValue, "host": "\(record.order.agent)", "action": record.order.action.kind.rawValue,
        ]
        if let result = record.result {
            details["message"] = result.message.bounded(200)
            switch result.outcome {
            case .succeeded: break
            case .failed(let code): details["code"] = code
            case .refused(let rule): details["rule"] = rule
            }
        }
        if record.state == .approved { details["approved_by"] = record.approvedBy.joined(separator: ", ") }
        if let later = record.revertedBy { details["reverted_by"] = "\(later)" }
        return AuditEntry(
            at: now, actor: actor, verb: "order.\(record.state.rawValue)", subject: "order:\(record.id)",
            details: details)
    }
}
