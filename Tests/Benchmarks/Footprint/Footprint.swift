internal import CordonTesting
internal import Glibc

/// What several programs took together while something was done.
struct Footprint {
    let load: String
    /// Anonymous memory at the end, KiB.
    var anonymous = 0
    /// Memory with its share of what others use too, at the end, KiB.
    var proportional = 0
    /// Processor time, in hundredths of one core.
    var processor = 0.0
    /// All memory of the first program that is resident at the end, the pages of its code too, KiB.
    var resident = 0

    /// Measures the processes over the work: processor time from its beginning to its end, memory at its end.
    static func measure(_ load: String, _ processes: [Int32], _ work: () throws -> Void) throws -> Footprint {
        var footprint = Footprint(load: load)
        let before = try processes.map(ticks).reduce(0, +)
        let start = ContinuousClock.now
        try work()
        let took = (ContinuousClock.now - start) / Duration.seconds(1)
        let ticksTaken = try processes.map(ticks).reduce(0, +) - before
        footprint.processor = Double(ticksTaken) / Double(sysconf(Int32(_SC_CLK_TCK))) / took * 100
        footprint.anonymous = try processes.map { try memory($0, "Anonymous:") }.reduce(0, +)
        footprint.proportional = try processes.map { try memory($0, "Pss:") }.reduce(0, +)
        footprint.resident = try processes.first.map { try memory($0, "Rss:") } ?? 0
        return footprint
    }

    var json: String {
        "{\"load\":\"\(load)\",\"rss_anon_kb\":\(anonymous),\"pss_kb\":\(proportional),"
            + "\"cpu_percent\":\(rounded),\"agent_rss_kb\":\(resident)}"
    }

    var line: String {
        "\(load): \(anonymous) KiB anonymous, \(proportional) KiB proportional, \(rounded) % of a core; "
            + "the agent alone \(resident) KiB resident"
    }

    private var rounded: Double { (processor * 1000).rounded() / 1000 }

    /// Processor time of all threads, in clock ticks (proc_pid_stat(5), fields 14 and 15).
    private static func ticks(_ process: Int32) throws -> Int {
        let text = Scratch.text(of: "/proc/\(process)/stat")
        guard let end = text.lastIndex(of: ")") else { throw TestFailure("process \(process) is gone") }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            throw TestFailure("process \(process) has no readable times")
        }
        return user + system
    }

    /// A line of smaps_rollup, KiB.
    private static func memory(_ process: Int32, _ name: String) throws -> Int {
        let lines = Scratch.text(of: "/proc/\(process)/smaps_rollup").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix(name) }),
            let number = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw TestFailure("process \(process) has no readable memory") }
        return number
    }
}
