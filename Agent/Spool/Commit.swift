internal import CordonFrames

/// What holds of the spool as a whole from one moment on: an entry of its file `commits`.
///
/// An append may write to several lanes, and move a source's position on: this one entry, written last, makes all of it
/// true at once. Frames behind `last` of their lane were never appended, as far as anybody knows, and are cut off.
struct Commit: Sendable, Hashable {
    /// Where one lane stands.
    struct Place: Sendable, Hashable {
        /// The last sequence number that was given and is on the disk.
        var last: UInt64 = 0
        /// Up to here items are acknowledged, or were dropped and a gap item says so.
        var settled: UInt64 = 0
    }

    /// Of the spool: 16 bytes, the last one 0.
    var epoch: [UInt8]
    /// By class, in the order of their raw values.
    var places: [Place]
    /// Positions of sources that changed.
    var positions: [String: [UInt8]]

    /// Bytes of one position, at most.
    static let positionLimit = 256 << 10

    var bytes: [UInt8] {
        var bytes = epoch
        for place in places {
            bytes.append(littleEndian: place.last)
            bytes.append(littleEndian: place.settled)
        }
        for (source, position) in positions.sorted(by: { $0.key < $1.key }) {
            bytes.append(littleEndian: UInt32(source.utf8.count))
            bytes.append(contentsOf: source.utf8)
            bytes.append(littleEndian: UInt32(position.count))
            bytes.append(contentsOf: position)
        }
        return bytes
    }

    init(epoch: [UInt8], places: [Place], positions: [String: [UInt8]]) {
        self.epoch = epoch
        self.places = places
        self.positions = positions
    }

    /// `nil` when the bytes are no commit.
    init?(_ bytes: ArraySlice<UInt8>) {
        let count = SpoolClass.allCases.count
        guard bytes.count >= 16 + 16 * count else { return nil }
        var rest = bytes
        epoch = Array(rest.prefix(16))
        rest.removeFirst(16)
        places = []
        for _ in 0..<count {
            let last = rest.littleEndian(UInt64.self, at: rest.startIndex)
            let settled = rest.littleEndian(UInt64.self, at: rest.startIndex + 8)
            places.append(Place(last: last, settled: settled))
            rest.removeFirst(16)
        }
        positions = [:]
        while !rest.isEmpty {
            guard let source = Self.take(&rest), let position = Self.take(&rest) else { return nil }
            positions[String(decoding: source, as: UTF8.self)] = Array(position)
        }
    }

    private static func take(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.count >= 4 else { return nil }
        let count = Int(rest.littleEndian(UInt32.self, at: rest.startIndex))
        rest.removeFirst(4)
        guard rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return rest.prefix(count)
    }
}
