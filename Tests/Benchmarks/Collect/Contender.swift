import Glibc

/// Runs our own part in a process of its own, and reads what it printed.
enum Contender {
    static func cordon(_ source: String, _ leg: String, _ input: String, _ work: Workload) throws -> Figures {
        let spool = "\(work.file).spool"
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw BenchError("no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let words = ["/proc/self/exe", "cordon", "\(source)/\(leg)", input, spool, "\(work.events)"]
        let child = try Shell.start(words, output: ends[1])
        close(ends[1])
        let usage = Usage(of: child)
        while Shell.isRunning(child) {
            usage.look()
            usleep(50_000)
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(ends[0], &buffer, buffer.count)
        close(ends[0])
        try Shell.run(["/bin/rm", "-rf", spool])
        let numbers = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard numbers.count == 3 else { throw BenchError("the run \(source)/\(leg) failed") }
        return Figures(
            sut: "cordon", source: source, leg: leg, events: work.events, bytes: work.bytes, seconds: numbers[0],
            processorSeconds: numbers[1], anonymousKilobytes: max(usage.most, Int(numbers[2])))
    }
}
