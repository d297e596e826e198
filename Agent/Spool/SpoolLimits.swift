internal import CordonFrames
internal import Glibc
internal import SystemPackage

extension Spool {
    /// Bounds.
    package struct Limits: Sendable, Hashable {
        /// All segments together.
        package var bytes: Int
        /// Of the file system's size, at most so much of all; the smaller of this and `bytes` counts.
        package var share: Double
        /// Of the bytes, so much is for items of class `security` alone.
        package var reserve: Double
        /// One segment, about.
        package var segment: Int
        /// One item.
        package var item: Int
        /// A spool that is full makes readers wait as long as the controller goes on taking items. When it has taken none
        /// for this long, the spool drops.
        package var patience: Duration

        package init(
            bytes: Int = 256 << 20, share: Double = 0.1, reserve: Double = 0.25, segment: Int = 8 << 20,
            item: Int = 512 << 10, patience: Duration = .seconds(60)
        ) {
            self.bytes = bytes
            self.share = share
            self.reserve = reserve
            self.segment = segment
            self.item = item
            self.patience = patience
        }

        /// Bytes of a frame's payload that are believed when reading.
        var frame: Int { item + 64 * 1024 }

        /// Bytes that items of the lower classes may take.
        var unreserved: Int { bytes - Int(Double(bytes) * reserve) }

        /// The bounds on the file system that the folder is on.
        func fitted(to folder: Folder) -> Limits {
            var status = statvfs()
            guard unsafe statvfs(folder.path.string, &status) == 0 else { return self }
            let size = Double(status.f_blocks) * Double(status.f_frsize)
            var limits = self
            limits.bytes = max(64 << 10, min(bytes, Int(size * share)))
            limits.segment = min(segment, max(16 << 10, limits.bytes / 8))
            return limits
        }
    }

    /// Numbers for metrics and tests.
    package struct Status: Sendable, Hashable {
        /// Items that were ever given a number.
        package var last: UInt64 = 0
        /// How many of them are acknowledged or were dropped.
        package var acknowledged: UInt64 = 0
        /// Bytes of all segments.
        package var bytes = 0
        package var segments = 0
        /// Items that were dropped or lost since the start.
        package var lost = 0
        /// Whether it can take items: not while its disk is read-only.
        package var isWritable = true
    }
}
