/// A file being followed.
final class Follower {
    var tail: FileTail
    /// Since when an old file has had no more lines.
    var quietSince: ContinuousClock.Instant?
    /// A copy made before truncation, or compressed: nobody writes to it.
    var isCopy = false

    init(tail: consuming FileTail) { self.tail = tail }

    /// The kernel's number for a file.
    struct Number: Hashable {
        var device: UInt64
        var inode: UInt64

        init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }

        init(_ position: FilePosition) {
            self.init(device: position.identity.device, inode: position.identity.inode)
        }
    }

    var number: Number { Number(tail.position) }

    /// Where it was let go, with the time by which it is looked for.
    var end: FilePosition {
        var end = tail.position
        end.modified = tail.modified
        return end
    }

    /// A copy's last line goes on in the file that was truncated.
    var isUnfinishedCopy: Bool { isCopy && !tail.isCompressed }

    /// Whether no name leads to the file any more.
    var isRemoved: Bool { tail.links == 0 }
}
