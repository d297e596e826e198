internal import CordonModel
internal import CordonScan
internal import Synchronization

/// What a live source has read and the spool does not have yet. The kernel keeps nothing for such a source, so reading
/// goes on while earlier items are made durable, as far as there is room.
final class Outbox: Sendable {
    private struct State {
        var records: [Record] = []
        var gaps: [Gap] = []
        var position: JSONValue?
    }

    /// Records that wait at most.
    static let limit = 8192

    private let state = Mutex(State())
    private let news: AsyncStream<Void>.Continuation
    /// Says that there is something to take.
    let steps: AsyncStream<Void>

    init() { (steps, news) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    var isFull: Bool { state.withLock { $0.records.count >= Self.limit } }

    /// Lays in what was read, and how far.
    func put(_ records: [Record], gaps: [Gap] = [], position: JSONValue) {
        state.withLock { state in
            state.records += records
            state.gaps += gaps
            state.position = position
        }
        news.yield()
    }

    /// All that waits; `nil` when nothing was put since.
    func take() -> SourceBatch? {
        state.withLock { state in
            guard let position = state.position else { return nil }
            defer { state = State() }
            return SourceBatch(records: state.records, gaps: state.gaps, position: position)
        }
    }

    /// Nothing more is put.
    func finish() { news.finish() }
}

extension Outbox {
    /// Hands on what a reader puts in, until it ends or the task is cancelled.
    func drain(
        _ deliver: (SourceBatch) async throws -> Void, while read: @escaping @Sendable (Outbox) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { self.finish() }
                try await read(self)
            }
            defer { group.cancelAll() }
            for await _ in steps {
                if let batch = take() { try await deliver(batch) }
            }
            if Task.isCancelled { return }
            if let batch = take() { try await deliver(batch) }
            // The reading ended: by a failure, which is ours.
            try await group.next()
        }
    }
}
