internal import CordonFrames
internal import CordonModel
internal import CordonWire

/// An item on its way into the spool.
struct Entry: Sendable {
    var itemClass: SpoolClass
    /// A serialised `Cordon_V1_Item`.
    var payload: [UInt8]
}

/// What an append writes to one lane.
struct Write {
    let items: Int
    private(set) var bytes: [UInt8] = []

    init(_ lane: Lane, _ entries: [Entry]) {
        items = entries.count
        bytes.reserveCapacity(entries.reduce(0) { $0 + $1.payload.count + Frame.headerLength })
        let seed = CRC32C(seed: lane.epoch)
        for (sequence, entry) in zip((lane.place.last + 1)..., entries) {
            Frame.append(entry.payload, sequence: sequence, seed: seed, to: &bytes)
        }
    }
}

extension [Lane] {
    /// The lane of a class.
    subscript(_ itemClass: SpoolClass) -> Lane {
        get { self[Int(itemClass.rawValue)] }
        set { self[Int(itemClass.rawValue)] = newValue }
    }
}

extension Spool {
    /// The telemetry as the spool holds it. An item that is too large gives way to a gap: a source that could not pass it
    /// would stand still for ever.
    func entries(_ telemetry: [Telemetry]) throws -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(telemetry.count)
        for item in telemetry {
            let bytes = try item.serialized()
            if bytes.count <= limits.item {
                entries.append(Entry(itemClass: SpoolClass(item), payload: bytes))
                continue
            }
            lost += 1
            let gap = Gap(
                source: "spool", noticedAt: surroundings.now(),
                message: "An item of \(bytes.count) bytes was dropped; \(limits.item) are allowed.", items: 1)
            entries.append(Entry(itemClass: .security, payload: try Telemetry.gap(gap).serialized()))
        }
        return entries
    }
}
