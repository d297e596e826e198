package import CordonModel
internal import Synchronization

/// Tells whoever watches what has changed: bounded, so that a watcher who reads slowly loses news, and is told so,
/// instead of the controller losing memory.
package final class ChangeFeed: Sendable {
    private struct State {
        var number: UInt64 = 0
        var next = 0
        var isClosed = false
        var watchers: [Int: (continuation: AsyncStream<Item>.Continuation, owner: String)] = [:]
    }

    /// What travels to a watcher.
    enum Item: Sendable {
        case change(Change, number: UInt64)
        case beat
    }

    private let state = Mutex(State())
    private let depth: Int
    private let most: Int
    private let mostOfOne: Int
    /// Tells this feed's numbers from those of the controller's last run.
    package let epoch: UInt64

    /// - Parameters:
    ///   - depth: Changes that wait for one watcher.
    ///   - most: Watchers at one time.
    ///   - mostOfOne: Of them, those of one owner.
    ///   - epoch: Different at each start of the controller: the time, say.
    package init(
        depth: Int = 256, most: Int = APILimits.watchers, mostOfOne: Int = APILimits.watchersOfOne, epoch: UInt64 = 0
    ) {
        self.depth = depth
        self.most = most
        self.mostOfOne = mostOfOne
        self.epoch = epoch
    }

    /// Tells all watchers.
    package func publish(_ change: Change) {
        state.withLock { state in
            state.number += 1
            for watcher in state.watchers.values {
                watcher.continuation.yield(.change(change, number: state.number))
            }
        }
    }

    /// Begins to watch.
    /// - Parameters:
    ///   - owner: Whose place it takes: the identifier of a session or an API token.
    ///   - after: The last number the watcher has seen of this epoch; when that is not the newest, it is told to look
    ///     anew.
    /// - Throws: ``Problem`` with status 429 when the owner watches as often as one may, and 503 when as many watch as
    ///   may, or the controller is stopping.
    package func watch(as owner: String = "", after: UInt64? = nil) throws(Problem) -> Watching {
        let (stream, continuation) = AsyncStream<Item>.makeStream(bufferingPolicy: .bufferingNewest(depth))
        let (id, number): (Int, UInt64) = try state.withLock { (state) throws(Problem) in
            guard !state.isClosed, state.watchers.count < most else { throw .watchers }
            guard state.watchers.values.count(where: { $0.owner == owner }) < mostOfOne else {
                throw .watchersOfOne(mostOfOne)
            }
            state.next += 1
            state.watchers[state.next] = (continuation, owner)
            return (state.next, state.number)
        }
        continuation.onTermination = { [weak self] _ in self?.forget(id) }
        return Watching(
            stream: stream, continuation: continuation, last: after ?? number,
            isBehind: after.map { $0 != number } ?? false, newest: number)
    }

    /// Ends all watching; for the controller's stop.
    package func close() {
        let watchers = state.withLock { state in
            state.isClosed = true
            defer { state.watchers = [:] }
            return state.watchers.values.map(\.continuation)
        }
        for watcher in watchers { watcher.finish() }
    }

    /// How many watch now.
    package var watcherCount: Int { state.withLock { $0.watchers.count } }

    private func forget(_ id: Int) { state.withLock { $0.watchers[id] = nil } }
}

/// One watcher's view of the feed. For one reader.
package struct Watching: AsyncSequence, Sendable {
    /// What the watcher hears.
    package enum Notice: Sendable, Hashable {
        case change(Change, number: UInt64)
        /// News was lost: look at everything again. The number is the newest.
        case resync(number: UInt64)
        /// Nothing, but the line is alive.
        case beat
    }

    let stream: AsyncStream<ChangeFeed.Item>
    let continuation: AsyncStream<ChangeFeed.Item>.Continuation
    let last: UInt64
    let isBehind: Bool
    let newest: UInt64

    /// Ends the watching: the sequence finishes.
    package func end() { continuation.finish() }

    /// Puts a beat into the sequence.
    package func beat() { continuation.yield(.beat) }

    package func makeAsyncIterator() -> Iterator {
        Iterator(base: stream.makeAsyncIterator(), last: newest, pending: isBehind ? [.resync(number: newest)] : [])
    }

    package struct Iterator: AsyncIteratorProtocol {
        var base: AsyncStream<ChangeFeed.Item>.AsyncIterator
        var last: UInt64
        var pending: [Notice]

        package mutating func next() async -> Notice? {
            if !pending.isEmpty { return pending.removeFirst() }
            switch await base.next(isolation: #isolation) {
            case nil: return nil
            case .beat: return .beat
            case .change(let change, let number):
                let isGap = number != last + 1
                last = number
                guard isGap else { return .change(change, number: number) }
                pending.append(.change(change, number: number))
                return .resync(number: number)
            }
        }
    }
}
