import Glibc

/// Other programs and small files.
enum Shell {
    /// Starts a program; its words go nowhere.
    static func start(_ words: [String], output: Int32? = nil, input: Int32? = nil) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let output { unsafe posix_spawn_file_actions_adddup2(&actions, output, 1) }
        if let input { unsafe posix_spawn_file_actions_adddup2(&actions, input, 0) }
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

    /// Waits for a child; 0 when all was well.
    @discardableResult
    static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// Whether the child is still there.
    static func isRunning(_ child: pid_t) -> Bool {
        var status: Int32 = 0
        return unsafe waitpid(child, &status, WNOHANG) == 0
    }

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
