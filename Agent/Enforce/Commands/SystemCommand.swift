internal import CLinux
internal import CordonModel
internal import Glibc

/// A program of the system, run with arguments that are a list: no shell, no environment of ours, a limit on time and output.
struct SystemCommand: Sendable {
    /// The first of these that is there is run.
    let paths: [String]
    /// What stands before its own arguments.
    var leading: [String] = []

    /// What it said: both outputs together, as far as `limit` goes.
    struct Answer {
        var status: Int32
        var text: String
        /// Whether it may have said more.
        var isCut = false
    }

    private static let limit = 1 << 20

    /// Whether it is installed.
    var isThere: Bool { path != nil }
    private var path: String? { paths.first { unsafe access($0, X_OK) == 0 } }

    /// Runs it to its end. Throws where it cannot be run, or is not done in time.
    func run(_ arguments: [String], within time: Duration) throws(EnforceError) -> Answer {
        let name = paths.first ?? ""
        guard let path else {
            throw EnforceError("command.missing", "This host has no \(name).")
        }
        var output = [CChar](repeating: 0, count: Self.limit)
        var count = 0
        let strings = unsafe ([path] + leading + arguments).map { unsafe strdup($0) }
        defer { unsafe strings.forEach { unsafe free($0) } }
        var vector = unsafe strings.map { unsafe UnsafePointer($0) } + [nil]
        let milliseconds = Int32(clamping: time.milliseconds)
        let status = unsafe clinux_run(&vector, &output, output.count, &count, milliseconds)
        guard status >= 0 else {
            if -status == ETIMEDOUT {
                throw EnforceError("command.slow", "\(name) \(arguments.first ?? "") was not done in time, and ended.")
            }
            throw .system("command.failed", "\(name) cannot be run", -status)
        }
        let bytes = output[..<count].map { UInt8(bitPattern: $0) }
        return Answer(
            status: status, text: String(decoding: bytes, as: UTF8.self), isCut: count >= Self.limit)
    }
}
