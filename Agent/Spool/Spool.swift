package import CordonModel
internal import CordonWire
internal import Logging
internal import SystemPackage

/// The durable queue between collecting and shipping.
///
/// Items lie in segment files, each in a frame with a sequence number that rises by one. `append` returns when they are
/// on the disk. They leave when the controller has acknowledged them, whole segments at a time. When there are more
/// bytes than allowed the oldest segment goes, and a gap item says so; so it does for what a damaged disk made
/// unreadable.
package actor Spool {
    /// Bounds.
    package struct Limits: Sendable, Hashable {
        /// All segments together.
        package var bytes: Int
        /// One segment, about.
        package var segment: Int
        /// One item.
        package var item: Int

        package init(bytes: Int = 256 << 20, segment: Int = 8 << 20, item: Int = 512 << 10) {
            self.bytes = bytes
            self.segment = segment
            self.item = item
        }
    }

    /// Made when the spool starts over: 16 random bytes.
    package nonisolated let epoch: [UInt8]
    let limits: Limits
    let surroundings: Surroundings
    let folder: Folder
    private nonisolated let queue: BlockingQueue
    private let lock: File
    let signal = Signal()
    let logger = Logger(label: "cordon.spool")

    /// Oldest first; the last one is being written.
    var segments: [Segment]
    private var active: File
    /// The last sequence number that is on the disk.
    var last: UInt64
    /// The last sequence number that the controller has.
    var acknowledged: UInt64
    /// Where the next batch lies, when it follows the one before.
    var cursor: Cursor?
    /// Gaps to be said with the next append.
    var owed: [Gap] = []
    /// Damage that was said, by the sequence number behind it, or of the segment whose end it is.
    var reported: Set<UInt64> = []
    private var gathering = Group()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe queue.asUnownedSerialExecutor() }

    /// Opens the spool in the folder, or makes one; waits for the disk. Throws when the folder cannot be used or
    /// another process has it.
    package init(folder path: String, limits: Limits = Limits(), surroundings: Surroundings) throws {
        let folder = try Folder(FilePath(path))
        let lock = try File.open(folder.path.appending("lock"), .readWrite, options: [.create])
        guard lock.lock() else {
            lock.close()
            throw SpoolError(
                code: "spool.in_use",
                "Another agent uses the spool \(path).",
                remedy: "Stop it, or give this one a folder of its own."
            )
        }
        let recovery = try Recovery(folder, limits: limits, surroundings: surroundings)
        self.folder = folder
        self.lock = lock
        self.limits = limits
        self.surroundings = surroundings
        queue = BlockingQueue(label: "cordon.spool")
        epoch = recovery.epoch
        segments = recovery.segments
        active = recovery.active
        last = recovery.last
        acknowledged = recovery.acknowledged
        owed = recovery.gaps
    }

    deinit {
        active.close()
        lock.close()
    }

    // MARK: - Appending

    /// Puts items (serialised `Cordon_V1_Item`) at the end; they are on the disk when it returns, or none is. Returns
    /// the last one's sequence number. Callers at the same time share one wait for the disk.
    @discardableResult
    package func append(_ items: [[UInt8]]) async throws -> UInt64 {
        guard !items.isEmpty else { return last }
        for item in items where item.count > limits.item {
            throw SpoolError(
                code: SpoolError.itemTooLarge,
                "An item for the spool has \(item.count) bytes; \(limits.item) are allowed.",
                remedy: "Raise the limit or shorten what is collected."
            )
        }
        let group = gathering
        group.items += items
        let end = group.items.count
        // Others that wait for this actor join the group meanwhile.
        await Task.yield()
        if group.first == nil {
            gathering = Group()
            do throws(SpoolError) {
                group.first = .success(try commit(group.items))
            } catch {
                group.first = .failure(error)
            }
        }
        return try (group.first?.get() ?? 0) + UInt64(end) - 1
    }

    /// Puts events, alerts and gaps at the end; see `append(_: [[UInt8]])`.
    @discardableResult
    package func append(_ telemetry: [Telemetry]) async throws -> UInt64 {
        try await append(telemetry.map { try $0.serialized() })
    }

    /// Calls once at first and then whenever there is more. Any number may listen; each `for await` needs a stream of
    /// its own.
    package nonisolated func changes() -> AsyncStream<Void> { signal.stream() }

    /// Where the queue stands.
    package var status: Status {
        Status(
            last: last,
            acknowledged: acknowledged,
            bytes: segments.reduce(0) { $0 + $1.size },
            segments: segments.count
        )
    }

    /// Numbers for metrics and tests.
    package struct Status: Sendable, Hashable {
        /// The last sequence number on the disk; 0 when there was none.
        package var last: UInt64
        /// The last sequence number that the controller has.
        package var acknowledged: UInt64
        /// Bytes of all segments.
        package var bytes: Int
        package var segments: Int
    }

    /// Items that share one wait for the disk.
    private final class Group {
        var items: [[UInt8]] = []
        /// The sequence number of the first item, once it is known.
        var first: Result<UInt64, SpoolError>?
    }

    /// Writes all or nothing; returns the first item's sequence number.
    func commit(_ items: [[UInt8]]) throws(SpoolError) -> UInt64 {
        let size = items.reduce(0) { $0 + $1.count + Frame.headerLength }
        try makeRoom(size)
        let gaps = owed.compactMap { try? Telemetry.gap($0).serialized() }
        if let segment = segments.last, segment.size > FileHeader.length, segment.size + size > limits.segment {
            try startSegment()
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        var sequence = last
        for payload in gaps + items {
            sequence += 1
            bytes.append(contentsOf: Frame(sequence: sequence, payload: payload).bytes(epoch: epoch))
        }
        try write(bytes)
        owed = []
        last = sequence
        signal.call()
        return sequence - UInt64(items.count) + 1
    }

    private func write(_ bytes: [UInt8]) throws(SpoolError) {
        let segment = segments[segments.count - 1]
        do throws(SpoolError) {
            try active.write(bytes, at: segment.size)
            try active.sync()
        } catch {
            // Half a write must not stay: the next one goes to the same place.
            do throws(SpoolError) {
                try active.resize(to: segment.size)
            } catch let second {
                logger.error("\(second)")
            }
            throw error
        }
        segments[segments.count - 1].size += bytes.count
    }

    /// Seals the segment being written and starts the next.
    func startSegment() throws(SpoolError) {
        let fresh = try Recovery.makeSegment(in: folder, epoch: epoch, first: last + 1)
        active.close()
        active = fresh.file
        segments.append(fresh.segment)
    }
}
