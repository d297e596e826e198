import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// Runs a program to its end, its input and outputs in files, so that neither side waits for the other.
enum Program {
    struct Outcome: Sendable {
        /// -1 for a program that a signal ended.
        let status: Int32
        let output: String
        let errors: String

        var lines: [Substring] { output.split(separator: "\n") }
    }

    struct NotStarted: Error { let code: Int32 }

    /// The `cordon` that was built beside the tests.
    static let cordon: String = {
        let folder = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return folder.joined(separator: "/") + "/cordon"
    }()

    /// A program under way. It is ended when nobody holds it any more.
    final class Running: Sendable {
        private let pid: pid_t
        private let folder: String
        private let hasEnded = Mutex(false)

        fileprivate init(pid: pid_t, folder: String) {
            self.pid = pid
            self.folder = folder
        }

        deinit {
            if hasEnded.withLock({ !$0 }) {
                kill(pid, SIGKILL)
                var status: Int32 = 0
                unsafe waitpid(pid, &status, 0)
            }
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// What it has written to standard output so far.
        var output: String { (try? Program.text(folder + "/out")) ?? "" }

        /// Blocks until it has ended. Called once.
        fileprivate func outcome() throws -> Outcome {
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
            hasEnded.withLock { $0 = true }
            return Outcome(
                status: status & 0x7F == 0 ? status >> 8 & 0xFF : -1, output: output,
                errors: try Program.text(folder + "/err")
            )
        }

        /// Its end, for async code: waits on a thread of its own, not on one of the pool.
        func end() async throws -> Outcome {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue(label: "program").async { continuation.resume(with: Result { try self.outcome() }) }
            }
        }
    }

    /// Runs it to its end, for async code.
    static func start(_ path: String, _ arguments: [String], environment: [String: String] = [:], input: String = "")
        async throws -> Outcome
    {
        try await launch(path, arguments, environment: environment, input: input).end()
    }

    /// Runs it to its end; blocks.
    static func run(_ path: String, _ arguments: [String]) throws -> Outcome { try launch(path, arguments).outcome() }

    /// Starts it.
    static func launch(_ path: String, _ arguments: [String], environment: [String: String] = [:], input: String = "")
        throws -> Running
    {
        let folder = FileManager.default.temporaryDirectory.path + "/cordon-run-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(input.utf8).write(to: URL(filePath: folder + "/in"))
        return Running(pid: try spawn(path, arguments, environment, folder), folder: folder)
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String: String], _ folder: String
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, folder + "/in", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, folder + "/out", O_WRONLY | O_CREAT, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, folder + "/err", O_WRONLY | O_CREAT, 0o600)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let variables = environment.merging(["PATH": path]) { own, _ in own }.map { "\($0)=\($1)" }
        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = unsafe variables.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe words.indices { unsafe free(words[index]) }
            for index in unsafe settings.indices { unsafe free(settings[index]) }
        }
        var pid: pid_t = 0
        let code = unsafe posix_spawn(&pid, program, &actions, nil, &words, &settings)
        guard code == 0 else { throw NotStarted(code: code) }
        return pid
    }

    fileprivate static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
}
