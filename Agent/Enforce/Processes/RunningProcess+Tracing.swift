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
    static func tracer(of pid: Int32) -> Int32? {
        for thread in threads(of: pid) {
            let status = TextFile.text("/proc/\(pid)/task/\(thread)/status") ?? ""
            for line in status.split(separator: "\n") where line.hasPrefix("TracerPid:") {
                if let tracer = line.split(separator: "\t").last.flatMap({ Int32($0) }), tracer > 0 { return tracer }
            }
        }
        return nil
    }
}
