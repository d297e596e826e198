internal import Glibc
internal import Synchronization

/// A child process and its streams; killed and reaped when it is let go of.
package final class Child: Sendable {
    /// Where its standard streams go.
    enum Streams {
        /// To this process.
        case pipes
        /// Input from this process, output and errors appended to a file.
        case log(String)
    }

    /// As this process's namespace numbers it.
    package let pid: Int32
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private let status = Mutex<Int32?>(nil)

    /// Starts a program on the machine itself, whose lines are read.
    package convenience init(_ arguments: [String]) throws {
        try self.init(arguments, environment: [:], streams: .pipes)
    }

    /// A descriptor that is handed over is number 3 in the child.
    init(_ arguments: [String], environment: [String: String], streams: Streams, handing: Int32? = nil) throws {
        // One at a time: a child that is started elsewhere between pipe(2) and fcntl(2) would keep the pipes open.
        (pid, input, output, errors) = try Self.starting.withLock { _ in
            try Self.spawn(arguments, environment, streams, handing)
        }
    }

    private static let starting = Mutex(())

    /// Its number and this process's ends of its input, output and errors.
    private static func spawn(
        _ arguments: [String], _ environment: [String: String], _ streams: Streams, _ handing: Int32?
    ) throws -> (pid_t, Int32, Int32, Int32) {
        let (inRead, inWrite) = try Self.pipe()
        let (outRead, outWrite) = try Self.pipe()
        let (errorRead, errorWrite) = try Self.pipe()
        defer { for end in [inRead, outWrite, errorWrite] { close(end) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, inRead, 0)
        switch streams {
        case .pipes:
            unsafe posix_spawn_file_actions_adddup2(&actions, outWrite, 1)
            unsafe posix_spawn_file_actions_adddup2(&actions, errorWrite, 2)
        case .log(let path):
            unsafe posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        if let handing { unsafe posix_spawn_file_actions_adddup2(&actions, handing, 3) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C at the terminal is this process's to handle.
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let settings = ["PATH": Command.path, "LC_ALL": "C.UTF-8"].merging(environment) { _, new in new }
        var strings = unsafe Self.vector(arguments)
        var variables = unsafe Self.vector(settings.map { "\($0)=\($1)" })
        defer { unsafe (strings + variables).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let failure = unsafe posix_spawnp(&child, arguments[0], &actions, &attributes, &strings, &variables)
        guard failure == 0 else {
            for end in [inWrite, outRead, errorRead] { close(end) }
            throw TestFailure("\(arguments[0]) cannot be started: \(unsafe String(cString: strerror(failure)))")
        }
        return (child, inWrite, outRead, errorRead)
    }

    deinit {
        if status.withLock({ $0 }) == nil {
            kill(pid, SIGKILL)
            _ = wait()
        }
        for end in [input, output, errors] { close(end) }
    }

    /// Writes to its standard input.
    package func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(input, bytes, bytes.count)
    }

    /// The next line that it prints; `nil` at the end, or when none comes in time.
    package func line(within patience: Duration = .seconds(10)) -> String? {
        var line: [UInt8] = []
        let end = ContinuousClock.now + patience
        while line.count < 65_536 {
            let left = max(
                0, (end - .now).components.seconds * 1000 + (end - .now).components.attoseconds / 1_000_000_000_000_000)
            var wait = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wait, 1, Int32(clamping: left)) > 0 else { return nil }
            var byte: UInt8 = 0
            guard unsafe read(output, &byte, 1) == 1 else {
                return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Waits for its end: the exit status, or 128 and the signal.
    @discardableResult
    package func wait() -> Int32 {
        status.withLock { known in
            if let known { return known }
            var raw: Int32 = 0
            while unsafe waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            let status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
            known = status
            return status
        }
    }

    /// The exit status, if it has ended.
    package var ended: Int32? {
        status.withLock { known in
            if let known { return known }
            var raw: Int32 = 0
            guard unsafe waitpid(pid, &raw, WNOHANG) == pid else { return nil }
            known = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F
            return known
        }
    }

    /// Feeds it, reads it to its end and reaps it.
    func finish(input bytes: [UInt8], patience: Duration) throws -> Command.Result {
        let end = ContinuousClock.now + patience
        if !bytes.isEmpty { unsafe _ = Glibc.write(input, bytes, bytes.count) }
        shutdownInput()
        var texts: [[UInt8]] = [[], []]
        var open = [output, errors]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while open.contains(where: { $0 >= 0 }) {
            guard ContinuousClock.now < end else {
                kill(-pid, SIGKILL)
                kill(pid, SIGKILL)
                wait()
                throw TestFailure(
                    "it took longer than \(patience) and was killed; it had printed: \(Self.text(texts[0] + texts[1]))")
            }
            var waits = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&waits, nfds_t(waits.count), 200) > 0 else {
                // A grandchild may hold the pipes open for ever.
                if ended != nil { break }
                continue
            }
            for (index, ready) in waits.enumerated() where ready.revents != 0 {
                let count = unsafe read(ready.fd, &buffer, buffer.count)
                if count <= 0 {
                    open[index] = -1
                } else if texts[index].count < Command.limit {
                    texts[index] += buffer.prefix(count)
                }
            }
        }
        return Command.Result(status: wait(), output: Self.text(texts[0]), errors: Self.text(texts[1]))
    }

    /// Puts an end to its input: nothing else is ever written.
    func shutdownInput() {
        // The descriptor stays ours until the end, pointing nowhere, so that no other file can take its number.
        let nothing = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        dup2(nothing, input)
        close(nothing)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func pipe() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else {
            throw TestFailure("no pipe: \(unsafe String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func vector(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }
}
