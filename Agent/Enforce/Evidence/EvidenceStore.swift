internal import CLinux
internal import CordonModel
internal import Glibc
internal import Synchronization

/// What orders brought, kept on the host until the controller has it: `ID` the bytes, `ID.note` what they are, `ID.draft`
/// while they are cut. What a crash left half done is removed at the next start.
///
/// A note outlives its bytes for an hour, so that what an hour may bring is counted over restarts.
final class EvidenceStore: Sendable {
    /// Bytes of one part on its way.
    static let part = 1 << 18
    /// What nobody fetched in so long is given up.
    private static let patience: Duration = .seconds(30 * 86_400)
    private static let hour: Duration = .seconds(3600)

    private struct Entry {
        var note: EvidenceNote
        /// Whether its bytes are here still.
        var isHere: Bool
    }

    private let root: Descriptor
    private let path: String
    private let now: @Sendable () -> Timestamp
    private let entries: Mutex<[OrderID: Entry]>

    /// Opens or makes the folder (mode 0700, root's).
    init(folder: String, now: @escaping @Sendable () -> Timestamp) throws {
        guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw EnforceError.file("make", folder, errno)
        }
        try RootOwned.check(folder, required: true)
        // The settings may lead to it by a link; what is in it is never reached by one.
        guard let real = unsafe realpath(folder, nil) else { throw EnforceError.file("find", folder, errno) }
        path = unsafe String(cString: real)
        unsafe Glibc.free(real)
        root = try Descriptor.folder(path)
        self.now = now
        entries = Mutex(Self.settle(path, root))
        forgetOld()
    }

    /// What is complete. Drafts go, and bytes that never got a note: an order that is done again cuts them anew. What has
    /// a note that cannot be read, or bytes that are not as it says, stays for people to look at.
    private static func settle(_ path: String, _ root: Descriptor) -> [OrderID: Entry] {
        var entries: [OrderID: Entry] = [:]
        let names = Set(TextFile.names(in: path))
        for name in names where name.hasSuffix(".note") {
            guard let id = OrderID(name.dropLast(5)),
                let note = RecordFile.read("\(path)/\(name)").flatMap({ EvidenceNote(bytes: $0) })
            else { continue }
            let size = (try? FileStatus(of: "\(id)", in: root))?.map(\.identity.size)
            entries[id] = Entry(note: note, isHere: size == note.evidence.size)
        }
        for name in names where !name.hasSuffix(".note") && !names.contains("\(name).note") {
            unsafe unlinkat(root.number, name, 0)
        }
        return entries
    }

    // MARK: - Room

    /// Bytes that are kept, and bytes that were cut within the last hour.
    var used: (held: Int64, lastHour: Int64) {
        let since = now() - Self.hour
        return entries.withLock { entries in
            var (held, lastHour): (Int64, Int64) = (0, 0)
            for entry in entries.values {
                if entry.isHere { held += entry.note.evidence.size }
                if entry.note.cutAt > since { lastHour += entry.note.evidence.size }
            }
            return (held, lastHour)
        }
    }

    /// Bytes that the disk has room for, of which a twentieth is left to the host.
    var free: Int64 { max(0, clinux_room(root.number)) }

    /// Removes what is too old.
    private func forgetOld() {
        let now = now()
        let old = entries.withLock { entries in
            entries.filter { now - $0.value.note.cutAt > ($0.value.isHere ? Self.patience : Self.hour) }.keys.sorted()
        }
        for order in old { drop(order) }
    }

    private func drop(_ order: OrderID) {
        entries.withLock { $0[order] = nil }
        for name in ["\(order)", "\(order).note"] { unsafe unlinkat(root.number, name, 0) }
    }

    // MARK: - Cutting

    /// Evidence of an order, to be filled. An order that is done again, after a crash, begins anew.
    func draft(of order: OrderID, limit: Int64) throws -> EvidenceDraft {
        forgetOld()
        drop(order)
        discard(order)
        let file = try Descriptor(unsafe clinux_create_file(root.number, Self.draftName(order))) {
            .file("make", "\(path)/\(order)", $0)
        }
        return EvidenceDraft(order, in: self, file, limit: limit)
    }

    private static func draftName(_ order: OrderID) -> String { "\(order).draft" }

    func discard(_ order: OrderID) { unsafe unlinkat(root.number, Self.draftName(order), 0) }

    /// The draft is the evidence from now on.
    func keep(_ evidence: Evidence, of order: OrderID) throws {
        let result = unsafe clinux_rename_new(root.number, Self.draftName(order), root.number, "\(order)")
        guard result >= 0 else { throw EnforceError.file("keep", "\(path)/\(order)", -result) }
        let note = EvidenceNote(evidence, cutAt: now())
        do {
            // It syncs the folder, and with it the new name of the bytes.
            try RecordFile.write(note.bytes, to: "\(path)/\(order).note")
        } catch {
            unsafe unlinkat(root.number, "\(order)", 0)
            throw error
        }
        entries.withLock { $0[order] = Entry(note: note, isHere: true) }
    }

    // MARK: - Fetching

    /// The first order after that one whose evidence is here.
    func next(after order: OrderID?) -> OrderID? {
        entries.withLock { entries in
            entries.filter { id, entry in entry.isHere && order.map { $0 < id } ?? true }.keys.min()
        }
    }

    /// Bytes from the offset on, at most one part; none past the end, `nil` for what is not here.
    func part(of order: OrderID, at offset: Int64) throws -> [UInt8]? {
        guard offset >= 0, entries.withLock({ $0[order]?.isHere }) == true else { return nil }
        let file = try Descriptor(unsafe clinux_open_regular(root.number, "\(order)")) {
            .file("open", "\(path)/\(order)", $0)
        }
        var buffer = [UInt8](repeating: 0, count: Self.part)
        return Array(try file.read(at: offset, into: &buffer, "the evidence of order \(order)"))
    }

    /// The controller has it: its bytes go.
    func sent(_ order: OrderID) {
        guard entries.withLock({ $0[order]?.isHere }) == true else { return }
        unsafe unlinkat(root.number, "\(order)", 0)
        entries.withLock { $0[order]?.isHere = false }
        forgetOld()
    }
}
