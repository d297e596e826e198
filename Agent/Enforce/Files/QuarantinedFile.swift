package import CordonModel

/// A file that is kept, or that was put back or deleted: what a person asks about it.
package struct QuarantinedFile: Sendable, Hashable {
    /// What it is known by.
    package let id: UUIDv7
    /// Where it was.
    package let path: String
    package let takenAt: Timestamp
    /// Bytes.
    package let size: Int64
    /// 32 bytes, taken from the open file.
    package let sha256: [UInt8]
    /// Permissions, with set-user-id, set-group-id and sticky bits.
    package let mode: UInt32
    package let user: UInt32
    package let group: UInt32
    package let modified: Timestamp
    /// Other names that the file had, which are not touched.
    package let otherNames: UInt64
    /// Names of its extended attributes.
    package let attributes: [String]
    /// Whether it was immutable or append-only.
    package let wasLocked: Bool

    init(_ record: QuarantineRecord) {
        id = record.id
        path = record.path
        takenAt = record.takenAt
        size = record.sum.size
        sha256 = record.sum.sha256
        mode = record.metadata.mode
        user = record.metadata.user
        group = record.metadata.group
        let modified = record.metadata.modified
        // A file system may keep any 64 bits of seconds.
        let seconds = min(max(modified.seconds, -1 << 43), 1 << 43)
        self.modified = Timestamp(microseconds: seconds * 1_000_000 + modified.nanoseconds / 1000)
        otherNames = record.links - min(1, record.links)
        attributes = record.metadata.attributes.map(\.name)
        wasLocked = (record.metadata.flags ?? 0) & (InodeFlags.immutable | InodeFlags.appendOnly) != 0
    }
}
