import Glibc

/// The controller's process: this program again, told what to do line by line.
final class ControllerProcess: Sendable {
    private let pid: pid_t
    private let input: Int32
    private let output: Int32
    private let folder: String

    init() throws {
        folder = "/tmp/cordon-bench-\(UInt64.random(in: .min ... .max))"
        var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard unsafe pipe(&toChild) == 0, unsafe pipe(&fromChild) == 0 else { throw BenchError("no pipe") }
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        let words = ["cordon-bench-fleet", "controller", folder]
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        var child: pid_t = 0
        guard unsafe posix_spawn(&child, "/proc/self/exe", &actions, nil, &strings, environ) == 0 else {
            throw BenchError("no child")
        }
        close(toChild[0])
        close(fromChild[1])
        (pid, input, output) = (child, toChild[1], fromChild[0])
    }

    /// The words after `key` in the next line.
    func expect(_ key: String) throws -> [String] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(output, &byte, 1) == 1, byte != 10 { line.append(byte) }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
        guard words.first == key else { throw BenchError("the controller said: \(words.joined(separator: " "))") }
        return Array(words.dropFirst())
    }

    /// Gives a command and waits for its answer; for those that answer at once.
    func ask(_ command: String) throws -> [String] {
        let bytes = Array((command + "\n").utf8)
        guard unsafe bytes.withUnsafeBytes({ unsafe write(input, $0.baseAddress, $0.count) }) == bytes.count else {
            throw BenchError("the controller is gone")
        }
        return try expect(command.split(separator: " ").first.map(String.init) ?? "")
    }

    /// The same without blocking the threads that the agents need.
    func askLong(_ command: String) async throws -> [String] {
        try await withCheckedThrowingContinuation { waiter in
            BlockingThread.run { waiter.resume(with: Result { try self.ask(command) }) }
        }
    }

    func end() {
        close(input)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        close(output)
        remove()
    }

    /// The folder held nothing but this run.
    private func remove() {
        let words = ["rm", "-rf", folder, "\(folder).root"]
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        var child: pid_t = 0
        var status: Int32 = 0
        if unsafe posix_spawn(&child, "/bin/rm", nil, nil, &strings, environ) == 0 { unsafe waitpid(child, &status, 0) }
    }
}

/// A thread for one call that blocks.
enum BlockingThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func run(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = unsafe Unmanaged.passRetained(Work(body)).toOpaque()
        unsafe pthread_create(
            &thread, nil,
            { pointer in
                if let pointer = unsafe pointer {
                    unsafe Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                }
                return nil
            }, work)
        pthread_detach(thread)
    }
}
