/// Reads the frames of a file one after the other, over damage.
package struct FrameReader {
    /// What was found.
    package enum Step {
        /// The next good frame. `damage`: bytes before it were no frame.
        case frame(Frame, damage: Bool)
        /// There is no further frame.
        case end(Ending)
    }

    /// How the file ends.
    package enum Ending: Hashable {
        /// After a whole frame.
        case clean
        /// Inside the last frame, or in zeros: a write that was cut off, or is still going on. Nothing there was
        /// durable.
        case torn
        /// After bytes that are no frame.
        case damaged
    }

    private let file: File
    private let epoch: [UInt8]
    private let limit: Int
    private var buffer: [UInt8] = []
    /// Where in the buffer the next frame starts.
    private var start = 0
    /// Where in the file the buffer starts.
    private var base: Int

    private static let chunk = 256 * 1024

    /// Reads from the offset on; no payload is longer than the limit.
    package init(_ file: File, epoch: [UInt8], from offset: Int, limit: Int) {
        self.file = file
        self.epoch = epoch
        self.limit = limit
        base = offset
    }

    /// Where in the file the next frame starts.
    package var offset: Int { base + start }

    /// Reads on; `FrameError` when the disk does not answer.
    package mutating func next() throws(FrameError) -> Step {
        var damage = false
        var zeros = true
        while true {
            switch Frame.read(buffer[start...], epoch: epoch, limit: limit) {
            case .frame(let frame, let next):
                start = next
                return .frame(frame, damage: damage)
            case .short(let needed):
                if try fill(needed) { continue }
                if start == buffer.count { return .end(damage && !zeros ? .damaged : damage ? .torn : .clean) }
                if !damage { return .end(.torn) }
            case .damaged:
                damage = true
            }
            zeros = zeros && buffer[start] == 0
            start += 1
        }
    }

    /// Reads on until that many bytes lie ahead; `false` when the file has no more.
    private mutating func fill(_ needed: Int) throws(FrameError) -> Bool {
        let ahead = buffer.count - start
        let more = try file.read(at: base + buffer.count, count: max(Self.chunk, needed - ahead))
        guard !more.isEmpty else { return false }
        buffer.removeFirst(start)
        base += start
        start = 0
        buffer.append(contentsOf: more)
        return true
    }
}
