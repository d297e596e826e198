internal import Glibc
internal import SystemPackage

/// The lines of an events file, of any length altogether, read as they are wanted.
struct EventLines {
    /// Bytes of one line.
    static let longest = 8 << 20

    private let descriptor: FileDescriptor
    private let path: String
    private var buffer: [UInt8] = []
    private var start = 0
    private var searched = 0
    private var hasEnded = false
    /// Of the line that was read last, from 0; -1 before the first.
    private(set) var number = -1

    /// - Throws: ``Complaint`` where it is no plain file, or cannot be read. `-` is standard input.
    init(_ path: String) throws {
        self.path = path
        guard path != "-" else {
            descriptor = .standardInput
            return
        }
        do {
            // Not waiting: a pipe that nobody writes to would hold the opening for ever. The process closes it.
            descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch {
            throw Complaint(.usage, "\(path) cannot be read: \(error).", "Check the path and its permissions.")
        }
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Complaint(.usage, "\(path) is no plain file.", "Give a file, or - for standard input.")
        }
    }

    /// The next line, without its end; `nil` after the last.
    mutating func next() throws -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) { return line(to: end, next: end + 1) }
            searched = buffer.count
            if hasEnded { return start < buffer.count ? line(to: buffer.count, next: buffer.count) : nil }
            guard buffer.count - start <= Self.longest else {
                throw Complaint(.usage, "\(path): line \(number + 2) is larger than \(Self.longest) bytes.")
            }
            try fill()
        }
    }

    private mutating func line(to end: Int, next: Int) -> [UInt8] {
        let line = Array(buffer[start..<end])
        (start, searched) = (next, next)
        number += 1
        return line
    }

    private mutating func fill() throws {
        buffer.removeSubrange(..<start)
        (searched, start) = (searched - start, 0)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        do {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
            buffer += chunk.prefix(count)
            hasEnded = count == 0
        } catch {
            throw Complaint(.usage, "\(path) cannot be read: \(error).", "Check the path and its permissions.")
        }
    }
}
