/// What a tracer (ptrace(2)) does to a process, as /proc tells it.
extension RunningProcess {
    /// Whether none of its threads runs. A stop by a signal (T) is one of all threads, of a traced process (t) each is
    /// stopped for itself.
    var isStopped: Bool {
        switch state {
        case "T": true
        case "t": Self.threads(of: pid).allSatisfy { !Self.runs(thread: $0, of: pid) }
        default: false
        }
    }

    private static func runs(thread: Int32, of pid: Int32) -> Bool {
        guard let stat = TextFile.bytes("/proc/\(pid)/task/\(thread)/stat", limit: 8192), let now = parse(stat: stat)
        else { return false }
        return "RS".contains(now.state)
    }

    /// The process that traces it, or one of its threads; `nil` for nobody.
    static func tracer(of pid: Int32) -> Int32? { tracers(of: pid).first }

    /// The processes that trace its threads, each once: who traces is a thread, and the kernel gives the number of that.
    static func tracers(of pid: Int32) -> [Int32] {
        var (tracing, found): (Set<Int32>, [Int32]) = ([], [])
        for thread in threads(of: pid) {
            guard let tracer = number("TracerPid:", in: "/proc/\(pid)/task/\(thread)/status"), tracer > 0,
                tracing.insert(tracer).inserted
            else { continue }
            let process = number("Tgid:", in: "/proc/\(tracer)/status") ?? tracer
            if !found.contains(process) { found.append(process) }
        }
        return found
    }

    private static func number(_ field: String, in path: String) -> Int32? {
        (TextFile.text(path) ?? "").split(separator: "\n").first { $0.hasPrefix(field) }?
            .split(separator: "\t").last.flatMap { Int32($0) }
    }
}
