internal import CLinux
package import CordonModel

extension Quarantine {
    /// Puts a kept file back: its bytes, owner, mode, times, attributes and flags, at its path. Nothing of it is kept
    /// after. Its inode is a new one, so names that it had besides are not names of it any more.
    /// - Returns: What was put back; `nil` when nothing is held by that identifier, as after a first call.
    /// - Throws: `file.exists` when there is something at the path now; `quarantine.damaged` when the kept copy is not
    ///   what was taken.
    package func restore(_ id: UUIDv7) throws -> QuarantinedFile? {
        try withLock {
            let slot = try vacate(id)
            guard slot.exists, let record = slot.record else { return nil }
            let place = try FilePlace(record.path)
            // Whoever owns the folder may have mounted something of theirs there since.
            try place.checkFileSystem()
            guard try FileStatus(of: place.name, in: place.folder) == nil else {
                throw EnforceError.file("put back", record.path, Self.exists)
            }
            do {
                try put(record, slot, at: place)
            } catch {
                try? place.remove(record.hiddenName)
                if slot.record?.state == .restoring { _ = settle(slot) }
                throw error
            }
            try slot.remove()
            return QuarantinedFile(record)
        }
    }

    /// EEXIST
    private static let exists: Int32 = 17

    private func put(_ record: QuarantineRecord, _ slot: QuarantineSlot, at place: FilePlace) throws {
        let hidden = record.hiddenName
        let file = try Descriptor(unsafe clinux_create_file(place.folder.number, hidden)) {
            .file("make", record.path, $0)
        }
        let copy = try slot.openCopy()
        guard try SealedCopy.unseal(copy, into: file, limit: record.sum.size, record.path) == record.sum else {
            throw EnforceError(
                "quarantine.damaged", "The kept copy of \(record.path) is not what was taken: it was not put back.",
                remedy: "Look at \(slot.path); nothing of it is deleted.")
        }
        // Whether the flags can be set is known before the file is in its place; there they are set for good.
        try InodeFlags.write(record.metadata.flags, file, record.path)
        try InodeFlags.unlock(record.metadata.flags, file, record.path)
        try record.metadata.apply(to: file, record.path)
        try file.sync(record.path)
        reached(.written)
        let status = try FileStatus(of: file, record.path)
        var restoring = record
        restoring.state = .restoring
        restoring.restoredInode = status.identity.inode
        try restoring.write(to: slot.recordPath)
        reached(.noted)
        try place.rename(hidden, to: place.name)
        guard try FileStatus(of: place.name, in: place.folder)?.isSame(as: status) == true else {
            throw EnforceError("file.changed", "\(record.path) was replaced while it was being put back.")
        }
        try place.sync()
        reached(.placed)
        try InodeFlags.write(record.metadata.flags, file, record.path)
        try file.sync(record.path)
        reached(.attributed)
    }
}
