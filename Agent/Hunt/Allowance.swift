internal import CordonModel
internal import CordonWire
internal import Glibc

/// What answering one question may still cost. Every look asks it at each step.
final class Allowance {
    private let budget: HuntBudget
    private let begun = ContinuousClock.now
    private let cpuBefore = Allowance.cpu()
    private let isWanted: () -> Bool
    private let send: ([[String: String]], _ first: Int) -> Void
    private var part: [[String: String]] = []
    private var partBytes = 0
    private var rows = 0
    private var bytes = 0

    /// Why a look ends before its end.
    enum Stop: Error {
        case truncated
        case cancelled
        /// It cannot look, and why.
        case failed(String)
    }

    /// - Parameters:
    ///   - isWanted: False as soon as nobody waits for the answer.
    ///   - send: Takes rows as they are found, and how many went before.
    init(
        _ budget: HuntBudget, isWanted: @escaping () -> Bool,
        send: @escaping ([[String: String]], _ first: Int) -> Void
    ) {
        self.budget = budget
        self.isWanted = isWanted
        self.send = send
    }

    /// One step of work was done: ends the look when its time is over, and lets the host breathe.
    func step() throws(Stop) {
        guard isWanted() else { throw .cancelled }
        let elapsed = ContinuousClock.now - begun
        guard elapsed < budget.time else { throw .truncated }
        let due = (Self.cpu() - cpuBefore) * 100 / budget.cpuPercent
        guard due > elapsed + .milliseconds(20) else { return }
        usleep(UInt32(clamping: min(due - elapsed, .milliseconds(500)).microseconds))
    }

    /// Something was found.
    func found(_ row: [String: String]) throws(Stop) {
        let row = row.mapValues { $0.bounded(4096) }
        let size = row.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 8 }
        guard rows < budget.rows, bytes + size <= budget.bytes else { throw .truncated }
        rows += 1
        bytes += size
        partBytes += size
        part.append(row)
        if part.count >= 200 || partBytes >= 65_536 { flush() }
        try step()
    }

    /// Sends what was found and not sent yet.
    func flush() {
        if !part.isEmpty { send(part, rows - part.count) }
        part = []
        partBytes = 0
    }

    /// Rows that were found.
    var count: Int { rows }

    /// Of this thread.
    private static func cpu() -> Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
