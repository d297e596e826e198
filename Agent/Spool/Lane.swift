internal import CordonFrames
internal import SystemPackage

/// The items of one class: segment files in sequence, an epoch of their own, and how far they are settled.
///
/// Each class has its own numbers, so that dropping the oldest of a class leaves one hole before what remains, and an
/// acknowledgement of (epoch, sequence) still means everything up to there.
struct Lane: Sendable {
    let itemClass: SpoolClass
    /// The spool's, with the class in the last byte.
    let epoch: [UInt8]
    /// Oldest first; the last one is being written. Empty only while the disk cannot be written.
    var segments: [Segment] = []
    var active: File?
    var place: Commit.Place
    /// `settled` before the first drop that no gap item on the disk tells of yet.
    var unsaid: UInt64?
    /// Where the next batch lies, when it follows the one before.
    var cursor: Cursor?
    /// Holes that were said, by the sequence number behind them.
    var reported: Set<UInt64> = []

    init(_ itemClass: SpoolClass, spoolEpoch: [UInt8], place: Commit.Place) {
        self.itemClass = itemClass
        epoch = Self.epoch(of: itemClass, spoolEpoch)
        self.place = place
    }

    static func epoch(of itemClass: SpoolClass, _ spoolEpoch: [UInt8]) -> [UInt8] {
        spoolEpoch.dropLast() + [itemClass.rawValue]
    }

    /// Bytes of all segments.
    var bytes: Int { segments.reduce(0) { $0 + $1.size } }

    /// Whether there is anything to drop.
    var holdsItems: Bool { segments.contains { $0.size > FileHeader.length } }

    /// What a commit may say: a drop counts once a gap item tells of it.
    var sayable: Commit.Place { Commit.Place(last: place.last, settled: min(place.settled, unsaid ?? .max)) }

    // MARK: - Writing

    /// Starts a new segment when this one would grow beyond the limit.
    mutating func prepare(for size: Int, limit: Int, in folder: Folder) throws(FrameError) {
        let grown = segments.last.map { $0.size > FileHeader.length && $0.size + size > limit } ?? true
        if grown || active == nil { try startSegment(in: folder) }
    }

    /// Writes frames behind the others; they are on the disk when it returns, and count once `grow` is called.
    func write(_ bytes: [UInt8]) throws(FrameError) {
        guard let active, let segment = segments.last else { return }
        try active.write(bytes, at: segment.size)
        try active.sync()
    }

    /// What was written does not count after all.
    func undoWrite() {
        guard let active, let segment = segments.last else { return }
        try? active.resize(to: segment.size)
    }

    mutating func grow(by bytes: Int, items: Int) {
        segments[segments.count - 1].size += bytes
        place.last += UInt64(items)
    }

    /// Seals the segment being written and starts the next.
    mutating func startSegment(in folder: Folder) throws(FrameError) {
        let segment = Segment(itemClass, first: place.last + 1, size: FileHeader.length)
        let file = try File.open(folder.path.appending(segment.name), .readWrite, options: [.create, .truncate])
        do throws(FrameError) {
            try file.write(FileHeader(epoch: epoch, first: segment.first).bytes, at: 0)
            try file.sync()
            try folder.sync()
        } catch {
            file.close()
            try? folder.remove(segment.name)
            throw error
        }
        active?.close()
        active = file
        // One without an item gives way to the new one of the same number.
        segments.removeAll { $0.first == segment.first }
        segments.append(segment)
    }

    // MARK: - Leaving

    /// How many segments hold only what is settled.
    var settledSegments: Int {
        var count = 0
        while count + 1 < segments.count, segments[count + 1].first <= place.settled + 1 { count += 1 }
        return count
    }

    mutating func removeSettled(in folder: Folder) throws(FrameError) {
        for _ in 0..<settledSegments { try removeOldest(in: folder) }
    }

    mutating func removeOldest(in folder: Folder) throws(FrameError) {
        let oldest = segments[0]
        try folder.remove(oldest.name)
        segments.removeFirst()
        if cursor?.segment == oldest.first { cursor = nil }
    }

    /// Lets the oldest segment go; returns the numbers of the items that nobody has.
    mutating func dropOldest(in folder: Folder) throws(FrameError) -> ClosedRange<UInt64>? {
        if segments.count == 1 { try startSegment(in: folder) }
        let from = max(segments[0].first, place.settled + 1)
        let next = segments[1].first
        try removeOldest(in: folder)
        guard next > from else { return nil }
        unsaid = min(unsaid ?? .max, place.settled)
        place.settled = next - 1
        return from...(next - 1)
    }
}
