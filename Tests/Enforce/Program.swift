import Glibc

@testable import AgentEnforce

/// A program that runs beside a test: what it prints is read line by line, and it is killed when the test lets go of
/// it.
final class Program: Sendable {
    struct Failure: Error { let what: String }

    let pid: pid_t
    private let input: Int32
    private let output: Int32

    /// Starts it; its standard error joins its standard output.
    init(_ arguments: [String], environment: [String] = [], errorsTo log: String? = nil) throws {
        var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard unsafe pipe(&toChild) == 0, unsafe pipe(&fromChild) == 0 else { throw Failure(what: "pipe") }
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        if let log {
            unsafe posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        } else {
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        var strings = unsafe Self.vector(arguments)
        var settings = unsafe Self.vector([path] + environment)
        defer { unsafe (strings + settings).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let status = unsafe posix_spawnp(&child, arguments[0], &actions, nil, &strings, &settings)
        close(toChild[0])
        close(fromChild[1])
        guard status == 0 else { throw Failure(what: "start \(arguments)") }
        (pid, input, output) = (child, toChild[1], fromChild[0])
    }

    private static func vector(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        close(input)
        close(output)
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(input, bytes, bytes.count)
    }

    /// The next line; `nil` at the end, or when none comes in time.
    func line(within milliseconds: Int32 = 10_000) -> String? {
        var line: [UInt8] = []
        while true {
            var wait = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wait, 1, milliseconds) > 0 else { return nil }
            var byte: UInt8 = 0
            guard unsafe read(output, &byte, 1) == 1 else {
                return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    /// Runs a program to its end: its status, and all that it printed.
    @discardableResult
    static func run(_ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
        let program = try Program(arguments)
        if !input.isEmpty { program.write(input) }
        var lines: [String] = []
        while let line = program.line(within: 60_000) { lines.append(line) }
        return (program.wait(), lines.joined(separator: "\n"))
    }

    /// Runs a program that must succeed.
    @discardableResult
    static func must(_ arguments: [String]) throws -> String {
        let (status, output) = try run(arguments)
        guard status == 0 else { throw Failure(what: "\(arguments.joined(separator: " ")): \(output)") }
        return output
    }

    /// Its exit status, when it has ended.
    func wait() -> Int32 {
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}

/// A folder of a test's own, removed with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/cordon-t-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Program.Failure(what: "mkdtemp") }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = try? Program.run(["rm", "-rf", path]) }

    /// Writes a file and gives its path.
    @discardableResult
    func file(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try file(name, Array(text.utf8), mode: mode)
    }

    /// The same of bytes.
    @discardableResult
    func file(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws -> String {
        let full = "\(path)/\(name)"
        let descriptor = unsafe open(full, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard descriptor >= 0 else { throw Program.Failure(what: full) }
        unsafe _ = Glibc.write(descriptor, bytes, bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
        return full
    }
}

extension RunningProcess {
    /// Every process and its parent.
    static func parents() -> [Int32: Int32] { ties().mapValues(\.parent) }
}
