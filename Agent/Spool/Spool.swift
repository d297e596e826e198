internal import CordonFrames
package import CordonModel
internal import CordonWire
internal import Logging
internal import SystemPackage

/// The durable queue between collecting and shipping.
///
/// Items lie in lanes, one a class, each in segment files with sequence numbers of their own. `append` returns when they
/// and the source's new position are on the disk, both or neither: the last thing written is one entry of the file
/// `commits`, which says how far every lane counts. Items leave when the controller has acknowledged them, whole segments
/// at a time. When there are more bytes than allowed the oldest segment of the lowest class goes, and a gap item says so;
/// so it does for what a damaged disk made unreadable.
package actor Spool {
    let limits: Limits
    let surroundings: Surroundings
    let folder: Folder
    private nonisolated let queue: BlockingQueue
    private let lock: File?
    let signal = Signal()
    let freed = Signal()
    let logger = Logger(label: "cordon.spool")

    /// Made when the spool starts over: 16 random bytes, the last one 0.
    package nonisolated let epoch: [UInt8]
    /// By class.
    var lanes: [Lane]
    private var positions: [String: [UInt8]]
    private var commits: FrameFile?
    /// Bytes of `commits` when it was last written anew.
    private var compactedLength = 0
    /// Gaps to be said with the next append.
    var owed: [Gap]
    var lost = 0
    /// When the controller last took something.
    var lastProgress = ContinuousClock.now
    private var gathering = Gathering()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe queue.asUnownedSerialExecutor() }

    /// Opens the spool in the folder, or makes one; waits for the disk. Where the disk is read-only it ships what there
    /// is, and takes nothing until it can be written. Throws when the folder cannot be read or another process has it.
    package init(folder path: String, limits: Limits = Limits(), surroundings: Surroundings) throws {
        let folder = try Folder(FilePath(path))
        let limits = limits.fitted(to: folder)
        let lock = try Self.lock(folder)
        var recovery = try Recovery(folder, limits: limits, surroundings: surroundings, isWritable: lock != nil)
        self.folder = folder
        self.lock = lock
        self.limits = limits
        self.surroundings = surroundings
        queue = BlockingQueue(label: "cordon.spool")
        epoch = recovery.epoch
        lanes = recovery.lanes
        positions = recovery.positions
        owed = recovery.gaps
        commits = recovery.takeCommits()
        for gap in owed { logger.error("\(gap.message)") }
    }

    deinit {
        for lane in lanes { lane.active?.close() }
        lock?.close()
    }

    /// The lock on the folder; `nil` on a disk that cannot be written.
    private static func lock(_ folder: Folder) throws -> File? {
        let lock: File
        do throws(FrameError) {
            lock = try File.open(folder.path.appending("lock"), .readWrite, options: [.create])
        } catch {
            guard error.code == FrameError.notWritable else { throw error }
            Logger(label: "cordon.spool").error("\(error) Nothing is collected until the next start.")
            return nil
        }
        guard lock.lock() else {
            lock.close()
            throw SpoolError(
                code: SpoolError.inUse,
                "Another agent uses the spool \(folder.path.string).",
                remedy: "Stop it, or give this one a folder of its own."
            )
        }
        return lock
    }

    /// The epoch that items of a class are shipped and acknowledged under.
    package nonisolated func epoch(of itemClass: SpoolClass) -> [UInt8] { Lane.epoch(of: itemClass, epoch) }

    // MARK: - Appending

    /// Puts events, alerts and gaps at the end, and keeps the position that their source has come to: all of it is on the
    /// disk when this returns, or nothing is. A crash between repeats nothing and loses nothing. Callers at the same time
    /// share one wait for the disk.
    ///
    /// Waits while the spool is full and the controller goes on taking items: that is how backpressure reaches a reader.
    /// - Parameters:
    ///   - position: Whatever the source understands, at most 256 KiB.
    ///   - source: Stable over restarts, as `file:/var/log/auth.log`.
    /// - Throws: `SpoolError`, as when the disk is full; nothing was taken then.
    package func append(_ telemetry: [Telemetry], position: [UInt8], of source: String) async throws {
        guard position.count <= Commit.positionLimit, source.utf8.count <= 4096 else {
            throw SpoolError(
                code: "spool.position_too_large", "The position of \(source.prefix(200)) has \(position.count) bytes.",
                remedy: "Watch fewer files in one source.")
        }
        let entries = try entries(telemetry)
        try await waitForRoom(entries.reduce(0) { $0 + $1.payload.count + Frame.headerLength })
        _ = try await join(entries, positions: [source: position])
    }

    /// Puts events, alerts and gaps that no source is behind at the end; it does not wait for room.
    package func append(_ telemetry: [Telemetry]) async throws {
        _ = try await join(try entries(telemetry), positions: [:])
    }

    /// Puts items (serialised `Cordon_V1_Item`) of one class at the end. Returns the last one's sequence number.
    @discardableResult
    package func append(_ items: [[UInt8]], as itemClass: SpoolClass = .bulk) async throws -> UInt64 {
        for item in items where item.count > limits.item {
            throw SpoolError(
                code: SpoolError.itemTooLarge,
                "An item for the spool has \(item.count) bytes; \(limits.item) are allowed.",
                remedy: "Raise the limit or shorten what is collected."
            )
        }
        return try await join(items.map { Entry(itemClass: itemClass, payload: $0) }, positions: [:])
    }

    /// How far the source had come with what the spool took; `nil` when it has no position yet.
    package func position(of source: String) -> [UInt8]? { positions[source] }

    /// Items that share one wait for the disk.
    private final class Gathering {
        var entries: [Entry] = []
        var positions: [String: [UInt8]] = [:]
        /// The last number of each class, once they are on the disk.
        var result: Result<[UInt64], FrameError>?
    }

    private func join(_ entries: [Entry], positions: [String: [UInt8]]) async throws -> UInt64 {
        let itemClass = entries.last?.itemClass ?? .bulk
        guard !entries.isEmpty || !positions.isEmpty else { return lanes[itemClass].place.last }
        let group = gathering
        group.entries += entries
        group.positions.merge(positions) { $1 }
        let end = group.entries.count
        // Others that wait for this actor join the group meanwhile.
        await Task.yield()
        if group.result == nil {
            gathering = Gathering()
            do throws(FrameError) {
                try commit(group.entries, positions: group.positions)
                group.result = .success(lanes.map(\.place.last))
            } catch {
                group.result = .failure(error)
            }
        }
        let behind = group.entries[end...].count { $0.itemClass == itemClass }
        switch group.result {
        case .success(let lasts): return lasts[Int(itemClass.rawValue)] - UInt64(behind)
        case .failure(let error): throw SpoolError(error)
        case nil: return 0
        }
    }

    /// Writes all or nothing.
    func commit(_ entries: [Entry], positions changed: [String: [UInt8]] = [:]) throws(FrameError) {
        guard commits != nil else {
            throw FrameError("write to", folder.path, .readOnlyFileSystem)
        }
        let kept = try makeRoom(for: entries)
        let gaps = owed.compactMap { gap in
            (try? Telemetry.gap(gap).serialized()).map { Entry(itemClass: .security, payload: $0) }
        }
        let writes = SpoolClass.allCases.map { itemClass in
            Write(lanes[itemClass], (gaps + kept).filter { $0.itemClass == itemClass })
        }
        do throws(FrameError) {
            for (index, write) in writes.enumerated() where write.items > 0 {
                try lanes[index].prepare(for: write.bytes.count, limit: limits.segment, in: folder)
                try lanes[index].write(write.bytes)
            }
            var places = lanes.map(\.place)
            for (index, write) in writes.enumerated() { places[index].last += UInt64(write.items) }
            try record(places, changed, durably: true)
        } catch {
            for (index, write) in writes.enumerated() where write.items > 0 { lanes[index].undoWrite() }
            throw error
        }
        for (index, write) in writes.enumerated() where write.items > 0 {
            lanes[index].grow(by: write.bytes.count, items: write.items)
        }
        for index in lanes.indices { lanes[index].unsaid = nil }
        positions.merge(changed) { $1 }
        owed = []
        signal.call()
    }

    /// Writes down how far the lanes count.
    func record(
        _ places: [Commit.Place], _ changed: [String: [UInt8]] = [:], durably: Bool
    ) throws(FrameError) {
        try compactCommits()
        try commits?.append([Commit(epoch: epoch, places: places, positions: changed).bytes], durably: durably)
    }

    /// Writes `commits` anew when it has grown enough for that to pay: what is in force, a source an entry.
    private func compactCommits() throws(FrameError) {
        guard let length = commits?.length, length > 1 << 20, length > 2 * compactedLength else { return }
        let places = lanes.map(\.sayable)
        var entries = [Commit(epoch: epoch, places: places, positions: [:]).bytes]
        for (source, position) in positions {
            entries.append(Commit(epoch: epoch, places: places, positions: [source: position]).bytes)
        }
        let path = folder.path.appending(Recovery.commitsName)
        do throws(FrameError) {
            try FrameFile.replace(path, with: entries)
        } catch {
            // The old file is still there and good; it grows until there is room for a new one.
            guard error.code == FrameError.diskFull else { throw error }
            return
        }
        let fresh = try FrameFile(path) { _ in }
        compactedLength = fresh.length
        commits = consume fresh
    }

    /// Calls once at first and then whenever there is more. Any number may listen; each `for await` needs a stream of
    /// its own.
    package nonisolated func changes() -> AsyncStream<Void> { signal.stream() }

    /// Where the queue stands.
    package var status: Status {
        var status = Status()
        for lane in lanes {
            status.last += lane.place.last
            status.acknowledged += lane.place.settled
            status.bytes += lane.bytes
            status.segments += lane.segments.count
        }
        status.lost = lost
        status.isWritable = commits != nil
        return status
    }
}
