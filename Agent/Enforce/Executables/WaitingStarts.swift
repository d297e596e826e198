/// Starts that wait for their answer: who judges which, and which of them have waited long enough. Values only: the kernel
/// and the clock are the gate's.
struct WaitingStarts {
    typealias Instant = ContinuousClock.Instant

    struct Start: Equatable {
        /// The gate's descriptor of the program.
        var file: Int32
        var pid: Int32
        var since: Instant
    }

    /// Nobody waits longer than this to start a program, whatever disk it is on and whoever else starts some.
    static let patience = Duration.seconds(10)
    /// Starts that are taken from the kernel and not answered yet.
    static let most = 256
    /// Threads that judge, and how many of them do at a time while none is stuck.
    static let judges = 16
    static let busiest = 4

    /// Taken, and not given to a judge yet.
    private var queue: [Start] = []
    /// Given to a judge, by their numbers.
    private var given: [Int64: Start] = [:]
    /// Let pass, though a judge is still at them: a disk does not answer it.
    private var stuck: Set<Int64> = []
    private var number: Int64 = 0

    var stuckCount: Int { stuck.count }

    /// Whether another may be taken from the kernel.
    var hasRoom: Bool { queue.count + given.count < Self.most }

    mutating func came(_ start: Start) { queue.append(start) }

    /// The next one for a judge, if one of them is free.
    mutating func next() -> (number: Int64, start: Start)? {
        guard !queue.isEmpty, given.count < Self.busiest, given.count + stuck.count < Self.judges else { return nil }
        number += 1
        let start = queue.removeFirst()
        given[number] = start
        return (number, start)
    }

    /// What a judge is done with, to be answered; `nil` when it was let pass meanwhile.
    mutating func judged(_ number: Int64) -> Start? {
        if stuck.remove(number) != nil { return nil }
        return given.removeValue(forKey: number)
    }

    /// Those that are let pass unjudged: they have waited too long, or there is nobody left to judge them.
    mutating func overdue(at now: Instant) -> [Start] {
        var over: [Start] = []
        for (number, start) in given where now - start.since >= Self.patience {
            given[number] = nil
            stuck.insert(number)
            over.append(start)
        }
        let isLost = stuck.count >= Self.judges
        over += queue.filter { isLost || now - $0.since >= Self.patience }
        queue.removeAll { isLost || now - $0.since >= Self.patience }
        return over
    }
}
