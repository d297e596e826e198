internal import CordonModel
internal import Logging
internal import SystemPackage

/// What the folder of a spool holds when it is opened.
struct Recovery {
    private(set) var epoch: [UInt8]
    private(set) var segments: [Segment] = []
    private(set) var active: File
    private(set) var last: UInt64
    private(set) var acknowledged: UInt64
    private(set) var gaps: [Gap] = []

    static let stateName = "state"
    /// How far numbers jump after damage at the end of the queue: what was lost there may have been sent, and a number
    /// that is given twice in one epoch would be taken for a duplicate by the controller.
    static let jump: UInt64 = 1 << 20

    init(_ folder: Folder, limits: Spool.Limits, surroundings: Surroundings) throws(SpoolError) {
        let state = try folder.contents(Self.stateName, limit: 4096).flatMap { FileHeader($0) }
        var found: [(header: FileHeader, segment: Segment)] = []
        for name in try folder.names() {
            guard let first = Segment.first(ofName: name) else { continue }
            if let segment = try Self.look(at: name, first: first, in: folder) {
                found.append(segment)
            } else {
                try Self.setAside(name, in: folder, noticed: surroundings.now(), gaps: &gaps)
            }
        }
        found.sort { $0.segment.first < $1.segment.first }
        let current = state?.epoch ?? found.last?.header.epoch
        for (header, segment) in found where header.epoch != current {
            try Self.setAside(segment.name, in: folder, noticed: surroundings.now(), gaps: &gaps)
        }
        segments = found.filter { $0.header.epoch == current }.map(\.segment)
        guard let current, let newest = segments.last else {
            // Without a segment nobody knows which numbers were given: a new epoch gives them anew.
            epoch = (0..<2).flatMap { _ in withRandom(surroundings.random()) }
            (last, acknowledged) = (0, 0)
            try folder.replace(Self.stateName, with: FileHeader(epoch: epoch, first: 0).bytes)
            let fresh = try Self.makeSegment(in: folder, epoch: epoch, first: 1)
            (active, segments) = (fresh.file, [fresh.segment])
            return
        }
        epoch = current
        acknowledged = max(state?.first ?? 0, segments[0].first - 1)
        let tail = try Self.tail(of: newest, in: folder, epoch: current, limits: limits)
        last = max(tail.last, acknowledged)
        guard !tail.damaged, last == tail.last else {
            tail.file.close()
            last += Self.jump
            let fresh = try Self.makeSegment(in: folder, epoch: current, first: last + 1)
            active = fresh.file
            segments.append(fresh.segment)
            return
        }
        active = tail.file
        segments[segments.count - 1].size = tail.end
    }

    /// Makes a segment that is on the disk, header and name.
    static func makeSegment(
        in folder: Folder, epoch: [UInt8], first: UInt64
    ) throws(SpoolError) -> (segment: Segment, file: File) {
        let segment = Segment(first: first, size: FileHeader.length)
        let file = try File.open(folder.path.appending(segment.name), .readWrite, options: [.create, .truncate])
        do throws(SpoolError) {
            try file.write(FileHeader(epoch: epoch, first: first).bytes, at: 0)
            try file.sync()
            try folder.sync()
        } catch {
            file.close()
            try? folder.remove(segment.name)
            throw error
        }
        return (segment, file)
    }

    private static func look(
        at name: String, first: UInt64, in folder: Folder
    ) throws(SpoolError) -> (header: FileHeader, segment: Segment)? {
        let file = try File.open(folder.path.appending(name), .readOnly)
        defer { file.close() }
        guard let header = FileHeader(try file.read(at: 0, count: FileHeader.length)), header.first == first else {
            return nil
        }
        return (header, Segment(first: first, size: try file.size))
    }

    /// Keeps what cannot be read; a person may still get something out of it.
    private static func setAside(
        _ name: String, in folder: Folder, noticed: Timestamp, gaps: inout [Gap]
    ) throws(SpoolError) {
        try folder.move(name, to: name + ".damaged")
        let message = "A segment of the spool has no readable header and was kept aside as \(name).damaged."
        Logger(label: "cordon.spool").error("\(message)")
        gaps.append(Gap(source: "spool", noticedAt: noticed, message: message))
    }

    /// Finds where the newest segment ends. What a cut-off write left there is removed: `append` had not returned.
    private static func tail(
        of segment: Segment, in folder: Folder, epoch: [UInt8], limits: Spool.Limits
    ) throws(SpoolError) -> (file: File, last: UInt64, end: Int, damaged: Bool) {
        let file = try File.open(folder.path.appending(segment.name), .readWrite)
        var reader = FrameReader(file, epoch: epoch, from: FileHeader.length, limit: limits.item + 64 * 1024)
        var last = segment.first - 1
        var end = FileHeader.length
        while true {
            switch try reader.next() {
            case .frame(let frame, _):
                last = max(last, frame.sequence)
                end = reader.offset
            case .end(.damaged):
                return (file, last, end, true)
            case .end(let ending):
                if ending == .torn {
                    try file.resize(to: end)
                    try file.sync()
                }
                return (file, last, end, false)
            }
        }
    }
}

/// Eight bytes of a random number.
private func withRandom(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: number)
    return bytes
}
