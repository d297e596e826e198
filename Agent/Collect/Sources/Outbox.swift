internal import CordonModel
internal import CordonScan
internal import Synchronization

/// What a live source has read and the spool does not have yet. The kernel keeps nothing for such a source, so reading
/// goes on while earlier items are made durable, as far as there is room.
final class Outbox: Sendable {
    private struct State {
        var batches: [SourceBatch] = []
        var records = 0
        var bytes = 0
    }

    /// Records that wait at most.
    static let limit = 8192
    /// Bytes of their texts that wait at most, about: whoever starts programs decides how long their arguments are.
    static let byteLimit = 8 << 20

    private let state = Mutex(State())
    private let news: AsyncStream<Void>.Continuation
    /// Says that there is something to take.
    let steps: AsyncStream<Void>

    init() { (steps, news) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    var isFull: Bool { state.withLock { $0.records >= Self.limit || $0.bytes >= Self.byteLimit } }

    /// Lays in what was read, and how far.
    func put(_ records: [Record], gaps: [Gap] = [], position: JSONValue) {
        let bytes = records.reduce(0) { $0 + $1.bytes }
        state.withLock { state in
            state.batches.append(SourceBatch(records: records, gaps: gaps, position: position))
            state.records += records.count
            state.bytes += bytes
        }
        news.yield()
    }

    /// What waits longest, as much as a batch takes; `nil` when nothing waits.
    func take() -> SourceBatch? {
        state.withLock { state in
            guard var batch = state.batches.first else { return nil }
            var (taken, bytes) = (1, batch.bytes)
            for next in state.batches.dropFirst() {
                bytes += next.bytes
                guard bytes <= SourceBatch.byteLimit,
                    batch.records.count + next.records.count <= SourceBatch.recordLimit
                else { break }
                batch.records += next.records
                batch.gaps += next.gaps
                batch.position = next.position
                taken += 1
            }
            state.batches.removeFirst(taken)
            state.records -= batch.records.count
            state.bytes -= batch.bytes
            return batch
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
                while let batch = take() { try await deliver(batch) }
            }
            if Task.isCancelled { return }
            while let batch = take() { try await deliver(batch) }
            // The reading ended: by a failure, which is ours.
            try await group.next()
        }
    }
}

extension Record {
    /// Bytes of its texts.
    var bytes: Int {
        fields.reduce(text.count) { sum, field in
            switch field.value {
            case .text(let text): sum + text.utf8.count
            case .texts(let texts): texts.reduce(sum) { $0 + $1.utf8.count + 16 }
            case .number, .flag: sum
            }
        }
    }
}

extension SourceBatch {
    fileprivate var bytes: Int { records.reduce(0) { $0 + $1.bytes } }
}
