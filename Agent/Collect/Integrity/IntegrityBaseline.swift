internal import CordonModel
internal import CordonScan
internal import Glibc
internal import SystemPackage

/// How the watched files were when that was last durable: one file of its own, replaced whole.
struct IntegrityBaseline: Sendable {
    var path: String
    private static let byteLimit = 16 << 20

    /// `nil` when there is none, or it cannot be understood.
    func load() -> [String: WatchedFile]? {
        guard let bytes = SmallFile.read(path, limit: Self.byteLimit),
            let object = try? JSONValue.parse(bytes, limits: .init(bytes: Self.byteLimit, nodes: 1_000_000)).object
        else { return nil }
        var files: [String: WatchedFile] = [:]
        for name in object.keys { files[name] = object[name].flatMap { WatchedFile($0) } }
        return files
    }

    /// It is on the disk when this returns.
    func save(_ files: [String: WatchedFile]) throws(CollectError) {
        var object = JSONObject()
        for (name, file) in files.sorted(by: { $0.key < $1.key }) { object[name] = file.json }
        do {
            let fresh = FilePath(path + ".new")
            let options: FileDescriptor.OpenOptions = [.create, .truncate, .closeOnExec, .noFollow]
            let file = try FileDescriptor.open(fresh, .writeOnly, options: options, permissions: .ownerReadWrite)
            try file.closeAfter {
                _ = try file.writeAll(JSONValue.object(object).bytes())
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard unsafe rename(fresh.string, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            throw CollectError(
                "cannot_keep_baseline", "Cannot keep the state of the watched files in \(path): \(error).",
                remedy: "Make room on the disk and let the agent's user write there.")
        }
    }
}
