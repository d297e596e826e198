/// What a unit was before it was stopped, for the journal.
struct StoppedService: Sendable, Equatable {
    /// The unit's own name, which its mask has.
    var unit: String
    /// What ran: it, and what stopped or failed with it.
    var wereUp: [String]
    /// The folder of masks was made for it.
    var madeFolder: Bool
    /// It was masked in the same place by somebody else.
    var wasMasked: Bool

    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(text: unit)
        writer.put(UInt8((madeFolder ? 1 : 0) | (wasMasked ? 2 : 0)))
        for unit in wereUp { writer.put(text: unit) }
        return writer.bytes
    }

    init(unit: String, wereUp: [String], madeFolder: Bool, wasMasked: Bool) {
        self.unit = unit
        self.wereUp = wereUp
        self.madeFolder = madeFolder
        self.wasMasked = wasMasked
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let unit = reader.text(), let flags = reader.byte() else { return nil }
        var wereUp: [String] = []
        while !reader.isAtEnd {
            guard let name = reader.text() else { return nil }
            wereUp.append(name)
        }
        self.init(unit: unit, wereUp: wereUp, madeFolder: flags & 1 != 0, wasMasked: flags & 2 != 0)
    }
}
