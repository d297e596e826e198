package import CordonModel

/// What one step of a run's history changes, all or nothing.
package struct RunCommit: Sendable {
    package var run: RunRecord
    /// The number of the first new event in the run's history, from 0. A repository refuses a number that is taken:
    /// two engines can not both go on with one run.
    package var sequence: Int
    /// New events, encoded.
    package var events: [[UInt8]]
    /// Tasks that are new or changed.
    package var tasks: [ManualTask]
    /// Orders that the run now asks for.
    package var orders: [OrderID]
    package var audit: [AuditEntry]
}

/// A run as it was committed: enough to go on with it.
package struct StoredRun: Sendable {
    package var record: RunRecord
    /// The playbook's bytes as they were at the start; later changes of the file do not touch a run.
    package var definition: [UInt8]
    /// All events in order, encoded.
    package var events: [[UInt8]]

    package init(record: RunRecord, definition: [UInt8], events: [[UInt8]]) {
        self.record = record
        self.definition = definition
        self.events = events
    }
}

/// Keeps runs. Every write is durable when it returns.
package protocol RunRepository: Sendable {
    /// Files a new run with its first events.
    func create(_ commit: RunCommit, definition: [UInt8]) async throws
    /// Goes on with a run.
    func append(_ commit: RunCommit) async throws
    func run(_ id: RunID) async throws -> RunRecord?
    func stored(_ id: RunID) async throws -> StoredRun?
    func runs(_ filter: RunFilter) async throws -> [RunRecord]
    /// Runs that are not at their end, oldest first.
    func unfinished() async throws -> [RunID]
    /// The run that asked for the order.
    func run(awaiting order: OrderID) async throws -> RunID?
    func task(_ id: TaskID) async throws -> ManualTask?
    func tasks(_ filter: TaskFilter) async throws -> [ManualTask]
}
