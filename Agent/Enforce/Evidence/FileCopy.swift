internal import CordonModel
internal import CordonTrust
internal import Glibc

/// A file copied into evidence, and what is to be said of it.
struct FileCopy {
    /// Bytes of the file when it was opened.
    let size: Int64
    let copied: Int64
    /// What a reader of the copy must know: that it was cut, has holes, or was written to meanwhile.
    let notes: [String]
    private static let chunk = 1 << 18

    /// Copies at most so many bytes from the beginning, and no more than the file had when it was opened: one that grows
    /// has an end too.
    init(_ file: OpenedFile, into draft: EvidenceDraft, atMost most: Int64) throws {
        size = file.status.identity.size
        let end = min(size, most, draft.limit)
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        var done: Int64 = 0
        while done < end {
            let bytes = try file.file.read(at: done, into: &buffer, file.path).prefix(Int(clamping: end - done))
            if bytes.isEmpty { break }
            try draft.append(bytes)
            done += Int64(bytes.count)
        }
        copied = done
        notes = try Self.notes(file, copied: done, end: end)
    }

    private static func notes(_ file: OpenedFile, copied: Int64, end: Int64) throws -> [String] {
        let before = file.status
        let after = try FileStatus(of: file.file, file.path)
        var notes: [String] = []
        if end < before.identity.size {
            notes.append("cut: the copy is the first \(end) of \(before.identity.size) bytes")
        }
        if copied < end { notes.append("the file became shorter while it was copied: \(copied) of \(end) bytes") }
        if after.identity.size > before.identity.size {
            notes.append(
                "the file grew by \(after.identity.size - before.identity.size) bytes, which are not in the copy")
        } else if after.identity != before.identity {
            notes.append("the file was written to while it was copied: the copy may mix its states")
        }
        if let allocated = file.file.allocated, allocated < before.identity.size {
            notes.append("the file has holes: \(allocated) bytes of it are on the disk")
        }
        return notes
    }
}

extension Descriptor {
    /// Bytes that the file takes on its disk; `nil` when that is not known.
    var allocated: Int64? {
        FileStatus(descriptor: number).map { $0.blocks * 512 }
    }
}
