internal import CLinux
internal import CordonModel
internal import Glibc

/// The folder of one kept file: `record`, and `sealed`, which is `draft` until the record tells of it.
struct QuarantineSlot {
    let id: UUIDv7
    let path: String
    private let root: Descriptor

    private static let draft = "draft"
    private static let copy = "sealed"

    init(_ id: UUIDv7, in root: Descriptor, _ rootPath: String) {
        self.id = id
        self.root = root
        path = "\(rootPath)/\(id)"
    }

    var exists: Bool { (try? FileStatus(of: "\(id)", in: root)) ?? nil != nil }
    var recordPath: String { path + "/record" }
    var record: QuarantineRecord? { QuarantineRecord.read(recordPath) }
    private func folder() throws -> Descriptor { try Descriptor.folder(path) }

    /// Makes the folder.
    func make() throws {
        guard unsafe mkdirat(root.number, "\(id)", 0o700) == 0 || errno == EEXIST else {
            throw EnforceError.file("make", path, errno)
        }
        try root.sync(path)
    }

    /// Copies a file into the draft.
    func seal(_ file: OpenedFile, limit: Int64) throws -> SealedCopy.Sum {
        let folder = try folder()
        let copy = try Descriptor(unsafe clinux_create_file(folder.number, Self.draft)) { .file("make", path, $0) }
        guard fchmod(copy.number, 0o400) == 0 else { throw EnforceError.file("seal", path, errno) }
        let sum = try SealedCopy.seal(file.file, into: copy, limit: limit, file.path)
        try folder.sync(path)
        return sum
    }

    /// The draft is the copy from now on.
    func keep() throws {
        let folder = try folder()
        let result = unsafe clinux_rename_new(folder.number, Self.draft, folder.number, Self.copy)
        guard result >= 0 else { throw EnforceError.file("keep", path, -result) }
        try folder.sync(path)
    }

    /// The sealed copy, open for reading.
    func openCopy() throws -> Descriptor {
        // Bound to a name, so that it is not closed before the call.
        let folder = try folder()
        return try Descriptor(unsafe clinux_open_regular(folder.number, Self.copy)) {
            .file("open", "\(path)/sealed", $0)
        }
    }

    /// Whether the copy holds what the record says.
    func isWhole(_ record: QuarantineRecord) -> Bool {
        guard let copy = try? openCopy() else { return false }
        return (try? SealedCopy.sum(ofSealed: copy, limit: record.sum.size, record.path)) == record.sum
    }

    /// Whether there is nothing in it that anybody needs: a copy is named only after its record is written.
    var isVoid: Bool {
        guard let folder = try? folder() else { return false }
        func has(_ name: String) -> Bool { (try? FileStatus(of: name, in: folder)) ?? nil != nil }
        return !has("record") && !has(Self.copy)
    }

    /// Removes all of it. The record goes last, so that what is left of a half-done removal is known for what it is.
    func remove() throws {
        let folder = try folder()
        for name in [Self.draft, Self.copy, "record.new", "record"] {
            guard unsafe unlinkat(folder.number, name, 0) == 0 || errno == ENOENT else {
                throw EnforceError.file("remove", "\(path)/\(name)", errno)
            }
        }
        guard unsafe unlinkat(root.number, "\(id)", AT_REMOVEDIR) == 0 else {
            throw EnforceError.file("remove", path, errno)
        }
        try root.sync(path)
    }
}
