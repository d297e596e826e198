internal import CordonFrames
internal import SystemPackage

/// Where reading a lane goes on.
struct Cursor: Sendable, Hashable {
    /// The first sequence number of the segment.
    var segment: UInt64
    var offset: Int
    /// The sequence number before it.
    var after: UInt64
}

/// A batch in the making.
struct Reading {
    private(set) var after: UInt64
    private(set) var first: UInt64?
    private(set) var items: [[UInt8]] = []
    /// Numbers that the disk lost, met on the way and not said before.
    var holes: [ClosedRange<UInt64>] = []
    private let limit: Int
    private var bytes: Int

    init(after: UInt64, limit: Int, bytes: Int) {
        self.after = after
        self.limit = max(1, limit)
        self.bytes = bytes
    }

    var isFull: Bool { items.count >= limit || bytes <= 0 }

    /// Takes the frame if it follows and there is room.
    mutating func take(_ frame: Frame) -> Bool {
        guard !isFull, items.isEmpty || frame.sequence == after + 1 else { return false }
        first = first ?? frame.sequence
        after = frame.sequence
        items.append(frame.payload)
        bytes -= frame.payload.count
        return true
    }
}

extension Lane {
    /// Gathers what follows the number in the reading.
    mutating func read(into reading: inout Reading, in folder: Folder, itemLimit: Int) throws(FrameError) {
        var spot = cursor?.after == reading.after ? cursor : nil
        let start =
            spot?.segment ?? segments.last { $0.first <= reading.after + 1 }?.first ?? segments.first?.first ?? 0
        for segment in segments where segment.first >= start {
            // Numbers between segments jump where the disk lost some; a batch ends there.
            if segment.first > reading.after + 1 {
                if !reading.items.isEmpty { break }
                note(holeBefore: segment.first, &reading)
            }
            let from = spot?.segment == segment.first ? spot?.offset : nil
            spot = try read(segment, from: from ?? FileHeader.length, into: &reading, folder, itemLimit)
            if reading.isFull { break }
        }
        cursor = spot
    }

    /// Reads on in one segment; returns where it stopped, if reading can go on there.
    private mutating func read(
        _ segment: Segment, from offset: Int, into reading: inout Reading, _ folder: Folder, _ itemLimit: Int
    ) throws(FrameError) -> Cursor? {
        guard let file = try File.openIfPresent(folder.path.appending(segment.name)) else { return nil }
        defer { file.close() }
        var reader = FrameReader(file, epoch: epoch, from: offset, limit: itemLimit)
        while true {
            let here = reader.offset
            let stop = Cursor(segment: segment.first, offset: here, after: reading.after)
            guard here < segment.size, !reading.isFull else { return stop }
            guard case .frame(let frame, _) = try reader.next() else { return nil }
            guard frame.sequence <= place.last else { return nil }
            guard frame.sequence > reading.after else { continue }
            if frame.sequence > reading.after + 1 {
                // What was read before the damage goes first; the next call meets it again.
                guard reading.items.isEmpty else { return stop }
                note(holeBefore: frame.sequence, &reading)
            }
            if !reading.take(frame) { return stop }
        }
    }

    private mutating func note(holeBefore number: UInt64, _ reading: inout Reading) {
        guard number > reading.after + 1, number > place.settled + 1, reported.insert(number).inserted else { return }
        reading.holes.append(max(reading.after, place.settled) + 1...number - 1)
    }
}
