package import CordonModel
package import Logging
internal import Synchronization

/// Takes in what agents ship: durable first, then deduplicated, then grouped into cases, and all of it explained.
package struct Intake: Sendable {
    private let repository: any IntakeRepository
    private let settings: IntakeSettings
    private let surroundings: Surroundings
    private let changed: @Sendable (Change) -> Void
    private let placement: Placement
    private let tally = Tally()

    /// - Parameters:
    ///   - cases: Opens and joins cases.
    ///   - changed: Hears of every alert that is new or came again.
    package init(
        repository: any IntakeRepository, cases: any CaseOpening, settings: IntakeSettings = IntakeSettings(),
        surroundings: Surroundings, logger: Logger, changed: @escaping @Sendable (Change) -> Void = { _ in }
    ) {
        self.repository = repository
        self.settings = settings
        self.surroundings = surroundings
        self.changed = changed
        placement = Placement(repository: repository, cases: cases, settings: settings, logger: logger)
    }

    /// Stores a batch. When it returns, everything in it is on disk and may be acknowledged up to `sequence`; items
    /// received before are dropped; what cannot be understood is kept aside.
    /// - Throws: ``IntakeError`` for a batch that no agent of ours makes; the store's error when it cannot write. Nothing is
    ///   acknowledged then and the agent sends it again.
    package func ingest(_ batch: ShippedBatch, from agent: AgentID) async throws -> IntakeReceipt {
        let now = surroundings.now()
        let receipt = try await repository.store(try settings.check(batch, from: agent, at: now))
        tally.add(receipt)
        for alert in receipt.alerts {
            changed(Change(topic: .alert, id: "\(alert)", summary: "An alert was raised or came again.", at: now))
        }
        // The batch is safe already: what goes wrong from here on is tried again, it is no reason to refuse the batch.
        if !receipt.alerts.isEmpty { await placement.settleAll() }
        return receipt
    }

    /// Takes in an alert that the controller itself raises about a host. Raised again with the same identifier, it stays
    /// the one it is.
    package func raise(_ alert: Alert, about agent: AgentID) async throws {
        _ = try await ingest(
            ShippedBatch(epoch: alert.id.uuid.bytes, firstSequence: 1, items: [.telemetry(.alert(alert))]),
            from: agent)
    }

    /// Places alerts that were stored but had no case yet when the controller stopped. Call it at start, and now and then.
    package func resume() async { await placement.settleAll() }

    /// Deletes what retention does not keep, in small bites.
    package func sweep() async throws -> SweepResult {
        var total = SweepResult()
        repeat {
            let bite = try await repository.sweep(settings.retention, now: surroundings.now())
            total.events += bite.events
            total.aside += bite.aside
            total.gaps += bite.gaps
            total.more = bite.more
        } while total.more && !Task.isCancelled
        return total
    }
}

// MARK: - Reading

extension Intake {
    package func alerts(_ filter: AlertFilter = AlertFilter()) async throws -> [AlertRecord] {
        try await repository.alerts(filter)
    }

    package func alert(_ id: AlertID) async throws -> AlertRecord? { try await repository.alert(id) }

    /// The newest events of a host, newest first; at most 1,000.
    package func events(of host: AgentID, limit: Int = 100) async throws -> [StoredEvent] {
        try await repository.events(of: host, limit: min(max(limit, 1), 1000))
    }

    /// Events of all hosts that a search means.
    package func search(_ search: EventSearch) async throws -> EventPage { try await repository.search(search) }

    /// What a host says it lost, newest first; at most 1,000.
    package func gaps(of host: AgentID, limit: Int = 100) async throws -> [Gap] {
        try await repository.gaps(of: host, limit: min(max(limit, 1), 1000))
    }

    /// What could not be understood, newest first; at most 1,000.
    package func aside(limit: Int = 100) async throws -> [AsideItem] {
        try await repository.aside(limit: min(max(limit, 1), 1000))
    }

    /// What is kept, and what came since the start.
    package func counters() async throws -> IntakeCounters {
        IntakeCounters(stored: try await repository.stored(), sinceStart: tally.now)
    }
}

/// Counters for people and metrics.
package struct IntakeCounters: Sendable, Hashable {
    package var stored: StoredCounts
    package var sinceStart: Received

    package struct Received: Sendable, Hashable {
        package var batches = 0
        /// New items.
        package var items = 0
        package var duplicates = 0
        /// Items kept aside.
        package var aside = 0
    }
}

/// What came since the start.
private final class Tally: Sendable {
    private let received = Mutex(IntakeCounters.Received())

    var now: IntakeCounters.Received { received.withLock { $0 } }

    func add(_ receipt: IntakeReceipt) {
        received.withLock {
            $0.batches += 1
            $0.items += receipt.accepted
            $0.duplicates += receipt.duplicates
            $0.aside += receipt.aside
        }
    }
}
