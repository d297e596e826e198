internal import CLinux
package import CordonModel
internal import Glibc
internal import Synchronization

/// Files taken out of reach and kept, so that each can be put back as it was; and files removed for good.
///
/// What is killed at any moment leaves either the original in its place or a complete kept copy; `settle` then finishes
/// or undoes it. A file is reached without following links, judged and read through one descriptor, and taken away by
/// renaming it in its own folder first: what then bears the hidden name is compared with what was read. That works
/// alike on every file system, and nobody who holds the file open can change what is kept.
///
/// Every call waits for the disk. Throws `Refusal` for what is never taken, `EnforceError` for what cannot be.
package final class Quarantine: Sendable {
    /// What is kept at most.
    package struct Limits: Sendable {
        /// Bytes of one file, of those deleted too.
        package var fileBytes: Int64 = 1 << 30
        /// Bytes of all.
        package var bytes: Int64 = 8 << 30
        package var files = 4096

        package init() {}
    }

    /// Points between which a crash may fall: what was done before each is on the disk.
    package enum Step: String, Sendable, Codable, CaseIterable {
        case folderMade, copied, recorded, sealed, unlocked, claimed, held, taken
        case written, noted, placed, attributed
    }

    let root: Descriptor
    /// The quarantine's own folder, without links.
    package let path: String
    let limits: Limits
    let reached: @Sendable (Step) -> Void
    private let alone = Mutex(())
    /// What is held, as the last work left it: who asks for it waits for no copying.
    private let held = Mutex<[QuarantinedFile]>([])

    /// Opens or makes the folder (mode 0700, root's) for this process alone, and settles what an earlier one left half
    /// done.
    /// - Parameters:
    ///   - reached: Told of each step; for tests.
    /// - Throws: `quarantine.in_use` when another process has it; `policy.owner` when others may write there.
    package init(
        folder: String, limits: Limits = Limits(), reached: @escaping @Sendable (Step) -> Void = { _ in }
    ) throws {
        guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw EnforceError.file("make", folder, errno)
        }
        try RootOwned.check(folder, required: true)
        guard let real = unsafe realpath(folder, nil) else { throw EnforceError.file("find", folder, errno) }
        path = unsafe String(cString: real)
        unsafe free(real)
        root = try Descriptor.folder(path)
        guard fchmod(root.number, 0o700) == 0 else { throw EnforceError.file("close to others", folder, errno) }
        self.limits = limits
        self.reached = reached
        // The folder itself is locked, so that one that holds nothing is empty.
        guard flock(root.number, LOCK_EX | LOCK_NB) == 0 else {
            throw EnforceError("quarantine.in_use", "Another process uses \(folder).")
        }
        settle()
    }

    /// Lets go of the lock even where a process that was just forked holds the descriptor until it runs its program.
    deinit { flock(root.number, LOCK_UN) }

    /// Takes a file away and keeps it.
    /// - Parameters:
    ///   - path: Absolute, and no part of it a link.
    ///   - id: What it is known by from then on, such as the order's identifier. A repetition of the same is no error.
    ///   - digest: The file's SHA-256, where the order says it: another file is left alone.
    ///   - evenIfLinked: Take it though it has other names (hard links). Those stay.
    package func take(
        _ path: String, as id: UUIDv7, at instant: Timestamp, expecting digest: [UInt8]? = nil,
        evenIfLinked: Bool = false
    ) throws -> QuarantinedFile {
        try withLock {
            let slot = try vacate(id)
            if let record = slot.record {
                guard record.state == .held, record.path == path else { throw Self.used(id, by: record) }
                return QuarantinedFile(record)
            }
            let file = try open(path, evenIfLinked: evenIfLinked)
            try checkRoom(for: file)
            let metadata = try FileMetadata(of: file.file, path)
            try slot.make()
            reached(.folderMade)
            var record: QuarantineRecord
            do {
                let sum = try slot.seal(file, limit: limits.fileBytes)
                reached(.copied)
                try Self.check(sum, digest, path)
                record = QuarantineRecord(.taking, id, of: file, sum, metadata, at: instant)
                try record.write(to: slot.recordPath)
                reached(.recorded)
                try slot.keep()
                reached(.sealed)
                try claim(file, record)
                record.state = .held
                try record.write(to: slot.recordPath)
                reached(.held)
            } catch {
                undo(slot, file, metadata)
                throw error
            }
            try finish(file, record)
            return QuarantinedFile(record)
        }
    }

    /// Removes a file for good. The same checks as for `take`.
    package func delete(
        _ path: String, as id: UUIDv7, at instant: Timestamp, expecting digest: [UInt8]? = nil,
        evenIfLinked: Bool = false
    ) throws -> QuarantinedFile {
        try withLock {
            let slot = try vacate(id)
            if let record = slot.record { throw Self.used(id, by: record) }
            let file = try open(path, evenIfLinked: evenIfLinked)
            // Nothing of it is kept, so that no pile of attributes keeps a file from being deleted.
            let metadata = try FileMetadata(of: file.file, path, withAttributes: false)
            let sum = try SealedCopy.sum(of: file.file, limit: limits.fileBytes, path)
            try Self.check(sum, digest, path)
            let record = QuarantineRecord(.deleting, id, of: file, sum, metadata, at: instant)
            try slot.make()
            reached(.folderMade)
            do {
                try record.write(to: slot.recordPath)
                reached(.recorded)
                try claim(file, record)
            } catch {
                undo(slot, file, metadata)
                throw error
            }
            try finish(file, record)
            try slot.remove()
            return QuarantinedFile(record)
        }
    }

    /// What is held, oldest first; while something is taken or put back, what was held before. Waits for nothing.
    package func list() -> [QuarantinedFile] { held.withLock { $0 } }

    /// Runs the work while nothing else of the quarantine does, and looks what is held afterwards.
    func withLock<Result>(_ work: () throws -> Result) rethrows -> Result {
        try alone.withLock { _ in
            defer {
                let files = records.filter { $0.state != .deleting }.map(QuarantinedFile.init)
                held.withLock { $0 = files }
            }
            return try work()
        }
    }
}
