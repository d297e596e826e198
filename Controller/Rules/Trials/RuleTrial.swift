internal import CordonModel
internal import Dispatch
internal import Synchronization

/// One run of a pack over past events. Nothing becomes an alert.
package struct RuleTrial: Sendable {
    private let request: RuleTrials.Request
    private let history: any EventHistory
    private let seat: RuleTrials.Seat
    private let desk: TrialDesk
    private var place: HistoryPlace?
    private var looked = 0
    private var unreadable = 0
    private var reached: Timestamp?
    private var deadline: ContinuousClock.Instant?

    /// Events that are read at once.
    private static let piece = 1000
    /// Between two words on how far it came.
    private static let interval: Duration = .seconds(1)

    init(
        _ request: RuleTrials.Request, content: [UInt8], history: any EventHistory, seat: RuleTrials.Seat
    ) async throws {
        (self.request, self.history, self.seat) = (request, history, seat)
        desk = try await TrialDesk(content)
    }

    /// What one step gave.
    package enum Step: Sendable {
        case going(TrialProgress)
        case over(TrialReport)
    }

    /// Looks on for about a second, or until the stretch or the budget ends. Call it until it is over.
    package mutating func advance() async throws -> Step {
        let start = ContinuousClock.now
        let deadline = self.deadline ?? start + request.time
        self.deadline = deadline
        while true {
            try Task.checkCancellation()
            // With nothing left of the budget, it is still to be seen whether there is more.
            let left = request.mostEvents - looked
            let piece = try await history.events(
                request.stretch, after: place, limit: max(1, min(Self.piece, left)))
            if left <= 0, !piece.events.isEmpty { return .over(report(.events)) }
            looked += piece.events.count
            unreadable += piece.unreadable
            reached = piece.next?.time ?? piece.events.last?.time ?? reached
            let hasRoom = try await desk.look(at: piece.events)
            guard let next = piece.next else { return .over(report(nil)) }
            place = next
            guard hasRoom else { return .over(report(.memory)) }
            let now = ContinuousClock.now
            guard now < deadline else { return .over(report(.time)) }
            if now - start >= Self.interval { return .going(TrialProgress(events: looked, reached: reached)) }
        }
    }

    private func report(_ end: TrialReport.End?) -> TrialReport {
        var report = desk.report(limit: request.limit)
        (report.end, report.reached, report.unreadable) = (end, reached, unreadable)
        return report
    }
}

/// A bench on a thread of its own: matching keeps a core busy, and the cooperative pool has few threads.
private final class TrialDesk: Sendable {
    private let bench: Mutex<TrialBench>
    private let queue: DispatchQueue

    init(_ content: [UInt8]) async throws {
        let queue = DispatchQueue(label: "cordon.trial")
        bench = Mutex(try await Self.work(queue) { try TrialBench(content) })
        self.queue = queue
    }

    private static func work<Value: Sendable>(
        _ queue: DispatchQueue, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// - Returns: Whether there is room for more.
    func look(at events: [PastEvent]) async throws -> Bool {
        guard let last = events.last else { return true }
        return try await Self.work(queue) { [self] in
            bench.withLock { bench in
                bench.look(at: events)
                return bench.makeRoom(at: last.time)
            }
        }
    }

    func report(limit: Int) -> TrialReport { bench.withLock { $0.report(limit: limit) } }
}
