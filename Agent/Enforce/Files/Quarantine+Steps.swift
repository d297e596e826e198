internal import CordonModel
internal import Glibc

/// The steps that taking, deleting and putting back are made of.
extension Quarantine {
    var slots: [QuarantineSlot] {
        TextFile.names(in: path).compactMap { UUIDv7($0) }.sorted().map(slot)
    }

    func slot(_ id: UUIDv7) -> QuarantineSlot { QuarantineSlot(id, in: root, path) }

    /// The records that can be read, oldest first.
    var records: [QuarantineRecord] { slots.compactMap(\.record) }

    /// The slot, after what an earlier try left in it was settled.
    func vacate(_ id: UUIDv7) throws -> QuarantineSlot {
        let slot = slot(id)
        guard slot.exists, let settlement = settle(slot) else { return slot }
        switch settlement.outcome {
        case .finished, .undone: return slot
        case .pending(let why):
            throw EnforceError("quarantine.pending", "An earlier order for \(settlement.path) is not settled: \(why)")
        case .damaged:
            throw EnforceError(
                "quarantine.damaged", "What is kept in \(slot.path) cannot be read.",
                remedy: "Look at it; nothing of it is deleted.")
        }
    }

    static func used(_ id: UUIDv7, by record: QuarantineRecord) -> EnforceError {
        EnforceError("quarantine.id_used", "By \(id) another file is known: \(record.path).")
    }

    /// Opens the file and judges it.
    func open(_ path: String, evenIfLinked: Bool) throws -> OpenedFile {
        let file = try OpenedFile(path)
        let own = try FileStatus(of: root, self.path)
        let folder = try FileStatus(of: file.place.folder, path)
        let above = try FileStatus(of: "..", in: file.place.folder)
        guard !folder.isSame(as: own), above?.isSame(as: own) != true else {
            throw Refusal("built-in: quarantine", "\(path) is in the quarantine itself.")
        }
        guard file.status.links == 1 || evenIfLinked else {
            throw Refusal(
                "built-in: hard links",
                "\(path) is one of \(file.status.links) names of the file: the others would keep it in reach.")
        }
        guard file.status.identity.size <= limits.fileBytes else {
            throw Refusal("built-in: file size", "\(path) has more than \(limits.fileBytes) bytes.")
        }
        return file
    }

    func checkRoom(for file: OpenedFile) throws {
        let held = records
        let bytes = held.reduce(Int64(0)) { $0 + $1.sum.size }
        guard held.count < limits.files, bytes + file.status.identity.size <= limits.bytes else {
            throw EnforceError(
                "quarantine.full",
                "The quarantine holds \(held.count) files of \(bytes) bytes; \(limits.files) files and "
                    + "\(limits.bytes) bytes are allowed.",
                remedy: "Put files back, or order this one to be deleted.")
        }
    }

    static func check(_ sum: SealedCopy.Sum, _ expected: [UInt8]?, _ path: String) throws {
        guard let expected, expected != sum.sha256 else { return }
        throw EnforceError(
            "file.not_the_same", "\(path) has the SHA-256 \(HexDigit.text(sum.sha256)), not the one that was ordered.",
            remedy: "Look at the file again and order anew.")
    }

    /// Takes the file's name away, and makes sure that it was this file's, with the bytes that were read.
    func claim(_ file: OpenedFile, _ record: QuarantineRecord) throws {
        try file.checkUntouched()
        try InodeFlags.unlock(record.metadata.flags, file.file, file.path)
        reached(.unlocked)
        try file.place.rename(file.place.name, to: record.hiddenName)
        try file.check(named: record.hiddenName)
        try file.checkUnchanged()
        try file.place.sync()
        reached(.claimed)
    }

    /// Removes what was claimed. Throws `file.survives` when the file has a name still that it had not before.
    func finish(_ file: OpenedFile, _ record: QuarantineRecord) throws {
        try file.place.remove(record.hiddenName)
        try file.place.sync()
        // Its other names keep what flags it had.
        if file.status.links > 1 { try InodeFlags.write(record.metadata.flags, file.file, file.path) }
        reached(.taken)
        guard try FileStatus(of: file.file, file.path).links < file.status.links else {
            throw EnforceError(
                "file.survives",
                "\(file.path) was renamed or linked by somebody while it was taken: it is in reach still.",
                remedy: "Look for it in the same folder, stop what moved it, and order again.")
        }
    }

    /// Puts the name and the flags back after a failure. What cannot be undone now is settled later.
    func undo(_ slot: QuarantineSlot, _ file: OpenedFile, _ metadata: FileMetadata) {
        let hidden = QuarantineRecord.hiddenName(slot.id)
        do {
            if try FileStatus(of: hidden, in: file.place.folder) != nil {
                try file.place.rename(hidden, to: file.place.name)
            }
            try InodeFlags.write(metadata.flags, file.file, file.path)
            try file.place.sync()
            try slot.remove()
        } catch {
            return
        }
    }
}
