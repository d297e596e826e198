internal import CordonModel
package import CordonScan
internal import Glibc
internal import SystemPackage

/// How far each source was read, in one file that is replaced whole. Losing it costs duplicates or a start from the
/// configured end, never an entry that was not read yet.
package actor PositionStore {
    private let path: FilePath
    private var positions: JSONObject
    private nonisolated let thread = SourceThread(name: "cordon-places")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Reads the file if it is there; one that cannot be parsed is kept aside as `….damaged`. Waits for the disk.
    package init(path: String) throws {
        self.path = FilePath(path)
        positions = JSONObject()
        guard let bytes = try Self.contents(self.path) else { return }
        if let object = try? JSONValue.parse(bytes).object {
            positions = object
        } else {
            _ = unsafe rename(path, path + ".damaged")
        }
    }

    /// What the file says, for who only looks: nothing is changed. `nil` where it is not there or is no such file. Waits for
    /// the disk.
    package static func look(_ path: String) throws -> JSONObject? {
        try contents(FilePath(path)).flatMap { try? JSONValue.parse($0).object }
    }

    /// The source's position; `nil` when it has none yet.
    package func position(of source: String) -> JSONValue? { positions[source] }

    /// Keeps the source's position; it is on the disk when this returns.
    package func keep(_ position: JSONValue, of source: String) throws {
        var next = positions
        next[source] = position
        try write(JSONValue.object(next).bytes(.indented) + [UInt8(ascii: "\n")])
        positions = next
    }

    private func write(_ bytes: [UInt8]) throws {
        let fresh = FilePath(path.string + ".new")
        do {
            let options: FileDescriptor.OpenOptions = [.create, .truncate, .closeOnExec, .noFollow]
            let file = try FileDescriptor.open(fresh, .writeOnly, options: options, permissions: .ownerReadWrite)
            try file.closeAfter {
                _ = try file.writeAll(bytes)
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard unsafe rename(fresh.string, path.string) == 0 else { throw Errno(rawValue: errno) }
            let folder = path.removingLastComponent()
            let names = try FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly, options: [.closeOnExec])
            try names.closeAfter { _ = fsync(names.rawValue) }
        } catch {
            throw CollectError(
                "cannot_keep_position",
                "Cannot keep the reading positions in \(path.string): \(error as? Errno ?? .ioError).",
                remedy: "Make room on the disk and let the agent's user write there."
            )
        }
    }

    private static func contents(_ path: FilePath) throws -> [UInt8]? {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
            return try file.closeAfter {
                var bytes = [UInt8](repeating: 0, count: 1 << 20)
                var filled = 0
                while filled < bytes.count {
                    let got = try unsafe bytes.withUnsafeMutableBytes {
                        try unsafe file.read(into: .init(rebasing: $0[filled...]))
                    }
                    if got == 0 { break }
                    filled += got
                }
                return Array(bytes[..<filled])
            }
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw CollectError(
                "cannot_read_position",
                "Cannot read the reading positions in \(path.string): \(error as? Errno ?? .ioError).",
                remedy: "Let the agent's user read and write it."
            )
        }
    }
}
