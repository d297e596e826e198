import Dispatch
import Glibc

/// Runs what blocks on a thread of its own: the few threads that async code has are the controller's too.
func blocking<Value: Sendable>(_ body: @Sendable @escaping () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { waiter in
        DispatchQueue(label: "blocking").async { waiter.resume(with: Result { try body() }) }
    }
}

/// A program that runs beside a test.
struct Command: ~Copyable {
    struct Failure: Error { let errno: Int32 }

    private let pid: pid_t
    private let input: Int32
    private let output: Int32

    /// Starts it with pipes at its standard input and output; its standard error is thrown away.
    init(_ path: String, _ arguments: [String]) throws {
        var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard unsafe pipe(&toChild) == 0, unsafe pipe(&fromChild) == 0 else { throw Failure(errno: errno) }
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var child: pid_t = 0
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        let status = unsafe posix_spawn(&child, path, &actions, nil, &strings, environ)
        close(toChild[0])
        close(fromChild[1])
        guard status == 0 else { throw Failure(errno: status) }
        (pid, input, output) = (child, toChild[1], fromChild[0])
    }

    /// Runs it to its end and gives what it wrote.
    static func run(_ path: String, _ arguments: [String], input bytes: [UInt8] = []) throws -> [UInt8] {
        let command = try Command(path, arguments)
        command.write(bytes)
        command.closeInput()
        var output: [UInt8] = []
        while let more = command.read() { output += more }
        return output
    }

    func write(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(input, $0.baseAddress, $0.count) }
    }

    func closeInput() { close(input) }

    /// What came next; `nil` at the end.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(output, $0.baseAddress, $0.count) }
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        close(output)
    }
}
