internal import CordonFrames
internal import CordonModel
internal import SystemPackage

/// What the folder of a spool holds when it is opened: what is sound is kept, and what is not is said.
struct Recovery: ~Copyable {
    private(set) var epoch: [UInt8] = []
    /// By class.
    private(set) var lanes: [Lane] = []
    private(set) var positions: [String: [UInt8]] = [:]
    private(set) var gaps: [Gap] = []
    /// Absent where the disk cannot be written: then the spool ships what there is, and takes nothing.
    private(set) var commits: FrameFile?

    static let commitsName = "commits"
    /// How far numbers jump when nobody knows which were given: a number that is given twice in one epoch would be taken
    /// for a duplicate by the controller.
    static let jump: UInt64 = 1 << 20

    private let folder: Folder
    private let limits: Spool.Limits
    private let now: Timestamp

    init(
        _ folder: Folder, limits: Spool.Limits, surroundings: Surroundings, isWritable: Bool
    ) throws(FrameError) {
        self.folder = folder
        self.limits = limits
        now = surroundings.now()
        var latest: Commit?
        var kept: [String: [UInt8]] = [:]
        func read(_ entry: ArraySlice<UInt8>) {
            guard let commit = Commit(entry) else { return }
            latest = commit
            kept.merge(commit.positions) { $1 }
        }
        var isCertain = true
        if isWritable {
            isCertain = try openCommits(surroundings, read)
        } else {
            try readCommits(read)
        }
        let found = try segments()
        // Commits that are gone are no harm where there is nothing else: it is a new spool, or one that ended before its
        // first item. A segment is only started behind what is committed: one that starts farther on says that the list
        // is an old one.
        let isNew = found.allSatisfy { $0.first == 1 && $0.size <= FileHeader.length }
        isCertain = isCertain && (latest != nil || isNew)
        if let latest {
            let isOld = found.contains { $0.first > latest.places[Int($0.itemClass.rawValue)].last + 1 }
            isCertain = isCertain && !isOld
        }
        if !isCertain { say("The list of what the spool holds is damaged: some items may be sent twice.") }
        if let latest { epoch = latest.epoch } else { epoch = try anyEpoch(of: found) ?? Self.freshEpoch(surroundings) }
        positions = kept
        for itemClass in SpoolClass.allCases {
            let place = latest?.places[Int(itemClass.rawValue)]
            let own = found.filter { $0.itemClass == itemClass }
            lanes.append(try lane(itemClass, own, place, isCertain: isCertain, isWritable: isWritable))
        }
    }

    private mutating func say(_ message: String, range: Gap.Range? = nil) {
        let items = range.map { Int(clamping: $0.last - $0.first + 1) } ?? 0
        gaps.append(Gap(source: "spool", noticedAt: now, message: message, items: items, range: range))
    }

    // MARK: - Commits

    /// Hands the file on to whoever goes on writing it.
    mutating func takeCommits() -> FrameFile? { commits.take() }

    /// Whether the last commit that was made is known.
    private mutating func openCommits(
        _ surroundings: Surroundings, _ read: (ArraySlice<UInt8>) -> Void
    ) throws(FrameError) -> Bool {
        let path = folder.path.appending(Self.commitsName)
        do {
            commits = try FrameFile(path, random: surroundings.random, read: read)
            return commits?.wasDamaged == false
        } catch {
            guard error.code == FrameError.foreign else { throw error }
            try folder.move(Self.commitsName, to: Self.commitsName + ".damaged")
            commits = try FrameFile(path, random: surroundings.random, read: read)
            return false
        }
    }

    private func readCommits(_ read: (ArraySlice<UInt8>) -> Void) throws(FrameError) {
        guard let file = try File.openIfPresent(folder.path.appending(Self.commitsName)) else { return }
        defer { file.close() }
        guard let header = FileHeader(try file.read(at: 0, count: FileHeader.length)) else { return }
        var reader = FrameReader(file, epoch: header.epoch, from: FileHeader.length, limit: FrameFile.entryLimit)
        while case .frame(let frame, _) = try reader.next() { read(frame.payload[...]) }
    }

    private static func freshEpoch(_ surroundings: Surroundings) -> [UInt8] {
        var epoch: [UInt8] = []
        for _ in 0..<2 { epoch.append(littleEndian: surroundings.random()) }
        return epoch.dropLast() + [0]
    }

    // MARK: - Segments

    private func segments() throws(FrameError) -> [Segment] {
        var found: [Segment] = []
        for name in try folder.names() {
            guard var segment = Segment(name: name, size: 0),
                let file = try File.openIfPresent(folder.path.appending(name))
            else { continue }
            defer { file.close() }
            segment.size = try file.size
            found.append(segment)
        }
        return found.sorted { $0.first < $1.first }
    }

    private func header(of segment: Segment) throws(FrameError) -> FileHeader? {
        guard let file = try File.openIfPresent(folder.path.appending(segment.name)) else { return nil }
        defer { file.close() }
        let header = FileHeader(try file.read(at: 0, count: FileHeader.length))
        return header?.first == segment.first ? header : nil
    }

    /// The epoch that segments say, where no commit does.
    private func anyEpoch(of segments: [Segment]) throws(FrameError) -> [UInt8]? {
        for segment in segments.reversed() {
            if let header = try header(of: segment) { return header.epoch.dropLast() + [0] }
        }
        return nil
    }

    private mutating func lane(
        _ itemClass: SpoolClass, _ found: [Segment], _ committed: Commit.Place?, isCertain: Bool, isWritable: Bool
    ) throws(FrameError) -> Lane {
        var lane = Lane(itemClass, spoolEpoch: epoch, place: committed ?? Commit.Place())
        for segment in found {
            if try header(of: segment)?.epoch == lane.epoch {
                lane.segments.append(segment)
            } else if isWritable {
                try setAside(segment)
            }
        }
        if let newest = lane.segments.last {
            let tail = try tail(of: newest, lane, isCertain: isCertain, isWritable: isWritable)
            lane.segments[lane.segments.count - 1].size = tail.end
            if !isCertain {
                let isDrained = max(lane.place.last, tail.last) <= lane.place.settled
                lane.place.last = max(lane.place.last, tail.last) + Self.jump
                // Nothing waits before the jump: nobody is to look for what was never given.
                if isDrained { lane.place.settled = lane.place.last }
            }
            if isCertain, tail.last == lane.place.last, isWritable {
                lane.active = try File.open(folder.path.appending(newest.name), .readWrite)
            }
        }
        sayMissing(&lane, isCertain: isCertain)
        if isWritable {
            try lane.removeSettled(in: folder)
            if lane.active == nil { try lane.startSegment(in: folder) }
            // The numbers that were jumped over were never given, as far as anybody knows.
            if !isCertain, let fresh = lane.segments.last { lane.reported.insert(fresh.first) }
        }
        return lane
    }

    /// Keeps what cannot be read; a person may still get something out of it.
    private mutating func setAside(_ segment: Segment) throws(FrameError) {
        try folder.move(segment.name, to: segment.name + ".damaged")
        say("A segment of the spool has no readable header and was kept aside as \(segment.name).damaged.")
    }

    /// Says what is gone from the beginning of the lane, or all of it. What is gone behind that is met when reading.
    private mutating func sayMissing(_ lane: inout Lane, isCertain: Bool) {
        let next = lane.segments.first?.first ?? lane.place.last + 1
        guard next > lane.place.settled + 1 else { return }
        if isCertain {
            say(
                "Items of the spool are gone from the disk.",
                range: Gap.Range(itemClass: lane.itemClass.name, first: lane.place.settled + 1, last: next - 1))
            lane.unsaid = lane.place.settled
        }
        lane.place.settled = next - 1
    }

    /// Finds where the newest segment ends. What lies there and was never committed is removed: `append` had not
    /// returned.
    private func tail(
        of segment: Segment, _ lane: Lane, isCertain: Bool, isWritable: Bool
    ) throws(FrameError) -> (last: UInt64, end: Int) {
        guard let file = try File.openIfPresent(folder.path.appending(segment.name)) else {
            return (segment.first - 1, FileHeader.length)
        }
        defer { file.close() }
        var reader = FrameReader(file, epoch: lane.epoch, from: FileHeader.length, limit: limits.frame)
        var (last, end) = (segment.first - 1, FileHeader.length)
        while case .frame(let frame, _) = try reader.next() {
            if isCertain, frame.sequence > lane.place.last { break }
            (last, end) = (max(last, frame.sequence), reader.offset)
        }
        // Only where all that was committed is there; else what cannot be read stays for whoever looks.
        if isWritable, isCertain, last == lane.place.last {
            let writable = try File.open(folder.path.appending(segment.name), .readWrite)
            defer { writable.close() }
            try writable.resize(to: end)
            try writable.sync()
        }
        return (last, end)
    }
}
