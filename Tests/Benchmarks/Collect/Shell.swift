import Glibc

/// Other programs and small files.
enum Shell {
    /// Starts a program; what it says goes nowhere.
    static func start(
        _ words: [String], output: Int32? = nil, input: Int32? = nil, environment: [String: String] = [:]
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for stream in [0, 1, 2] as [Int32] {
            unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
        }
        if let output { unsafe posix_spawn_file_actions_adddup2(&actions, output, 1) }
        if let input { unsafe posix_spawn_file_actions_adddup2(&actions, input, 0) }
        // `env` adds to the environment; the program takes its place.
        let extra = environment.map { "\($0)=\($1)" }
        let words = extra.isEmpty ? words : ["/usr/bin/env"] + extra + words
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        var child: pid_t = 0
        guard unsafe posix_spawn(&child, words[0], &actions, nil, &strings, environ) == 0 else {
            throw BenchError("cannot start \(words[0])")
        }
        return child
    }

    /// Runs a program to its end; throws when it fails.
    static func run(_ words: [String]) throws {
        let status = wait(for: try start(words))
        guard status == 0 else { throw BenchError("\(words.joined(separator: " ")) failed") }
    }

    /// What a program prints; `nil` when it fails. Its input must fit into a pipe.
    static func read(_ words: [String], input: String = "", environment: [String: String] = [:]) throws -> String? {
        let (toChild, fromChild) = (try Pipe(), try Pipe())
        let bytes = Array(input.utf8)
        _ = unsafe Glibc.write(toChild.end, bytes, bytes.count)
        let child = try start(words, output: fromChild.end, input: toChild.beginning, environment: environment)
        for end in [toChild.beginning, toChild.end, fromChild.end] { close(end) }
        defer { close(fromChild.beginning) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(fromChild.beginning, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer.prefix(count)
        }
        return wait(for: child) == 0 ? String(decoding: text, as: UTF8.self) : nil
    }

    /// A pipe whose ends no other program gets.
    struct Pipe {
        let beginning: Int32
        let end: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            guard unsafe pipe(&ends) == 0 else { throw BenchError("no pipe") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (beginning, end) = (ends[0], ends[1])
        }
    }

    /// Waits for a child; 0 when all was well.
    @discardableResult
    static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// Ends a child that we started.
    static func stop(_ child: pid_t) {
        kill(child, SIGKILL)
        wait(for: child)
    }

    /// Whether the child is still there.
    static func isRunning(_ child: pid_t) -> Bool {
        var info = unsafe siginfo_t()
        // Not reaped: its number stays its own until somebody waits for it.
        let found = unsafe waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0
        return unsafe found && info.si_signo == 0
    }

    /// The processor seconds of a child that has ended well; `nil` while it runs.
    static func ended(_ child: pid_t) -> Double? {
        var status: Int32 = 0
        var usage = rusage()
        guard unsafe wait4(child, &status, WNOHANG, &usage) == child, status == 0 else { return nil }
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// The folder of this program.
    static var ownFolder: String? {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { return nil }
        defer { unsafe free(path) }
        return "/" + (unsafe String(cString: path)).split(separator: "/").dropLast().joined(separator: "/")
    }

    static func isProgram(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    /// A small file's text; empty when there is none.
    static func contents(_ path: String) -> String {
        guard let file = unsafe fopen(path, "r") else { return "" }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = unsafe fopen(path, "w") else { throw BenchError("cannot write \(path)") }
        defer { unsafe fclose(file) }
        let bytes = Array(text.utf8)
        guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw BenchError("cannot write \(path)")
        }
    }

    /// Bytes of a file.
    static func size(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
