package import CordonWire
internal import Logging
internal import SystemPackage

/// Items in sequence, ready to be shipped.
package struct SpoolBatch: Sendable, Hashable {
    /// 16 bytes.
    package let epoch: [UInt8]
    /// The first item's sequence number; the others follow by one.
    package let first: UInt64
    /// Serialised `Cordon_V1_Item`.
    package let items: [[UInt8]]

    /// The last item's sequence number.
    package var last: UInt64 { first + UInt64(items.count) - 1 }

    /// The batch as the contract has it. An item that cannot be read back becomes a gap: numbers stay as they are.
    package func message() -> Cordon_V1_Batch {
        Cordon_V1_Batch(epoch: epoch, firstSequence: first, spooled: items)
    }
}

extension Spool {
    /// Where reading goes on.
    struct Cursor: Sendable, Hashable {
        /// The first sequence number of the segment.
        var segment: UInt64
        var offset: Int
        /// The sequence number before it.
        var after: UInt64
    }

    /// The first item that the controller may not have: where shipping starts after a reconnect.
    package var unacknowledged: UInt64 { acknowledged }

    /// The items that follow the sequence number, at most so many items and about so many bytes; `nil` when there are
    /// none yet.
    package func next(after sequence: UInt64, limit: Int = 512, bytes: Int = 512 << 10) throws -> SpoolBatch? {
        var reading = Reading(
            after: max(sequence, acknowledged), limit: min(limit, WireLimits.batchItems), bytes: bytes)
        var place = cursor?.after == reading.after ? cursor : nil
        let start = place?.segment ?? segments.last { $0.first <= reading.after + 1 }?.first ?? segments[0].first
        for segment in segments where segment.first >= start {
            // Numbers between segments may jump after damage; a batch ends there.
            if !reading.items.isEmpty, segment.first != reading.after + 1 { break }
            let from = place?.segment == segment.first ? place?.offset : nil
            place = try read(segment, from: from ?? FileHeader.length, into: &reading)
            if reading.isFull { break }
        }
        cursor = place
        if !owed.isEmpty, (try? commit([])) == nil { logger.warning("A gap of the spool could not be written yet.") }
        guard let first = reading.first else { return nil }
        return SpoolBatch(epoch: epoch, first: first, items: reading.items)
    }

    /// Reads on in one segment; returns where it stopped, if reading can go on there.
    private func read(_ segment: Segment, from offset: Int, into reading: inout Reading) throws(SpoolError) -> Cursor? {
        let file = try File.open(folder.path.appending(segment.name), .readOnly)
        defer { file.close() }
        var reader = FrameReader(file, epoch: epoch, from: offset, limit: limits.item + 64 * 1024)
        while true {
            let place = reader.offset
            guard place < segment.size else {
                return Cursor(segment: segment.first, offset: place, after: reading.after)
            }
            switch try reader.next() {
            case .frame(let frame, let damage):
                guard frame.sequence > reading.after, frame.sequence <= last else { continue }
                let lost = frame.sequence - reading.after - 1
                if damage, lost > 0 {
                    // What was read before the damage goes first; the next call meets it again.
                    guard reading.items.isEmpty else {
                        return Cursor(segment: segment.first, offset: place, after: reading.after)
                    }
                    if reported.insert(frame.sequence).inserted {
                        owe("The disk lost \(lost) items of the spool.", items: Int(clamping: lost))
                    }
                }
                if !reading.take(frame) { return Cursor(segment: segment.first, offset: place, after: reading.after) }
            case .end(let ending):
                if ending == .damaged, reported.insert(segment.first).inserted {
                    owe("The disk lost the end of a segment of the spool; how many items is not known.", items: 0)
                }
                return nil
            }
        }
    }
}

/// A batch in the making.
struct Reading {
    private(set) var after: UInt64
    private(set) var first: UInt64?
    private(set) var items: [[UInt8]] = []
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
