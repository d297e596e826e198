internal import CordonModel

/// The bytes of an event as a message `Cordon_V1_Event`, without the generated message: the same as that one makes, save
/// that fields stand in their own order.
struct EventEncoding {
    private let event: Event
    /// What is shipped of its fields, as in `Cordon_V1_Event.init`, each with the length of its value.
    private var fields: [(name: String, value: FieldValue, length: Int)] = []
    private let original: String

    init(_ event: Event) {
        self.event = event
        original = event.original.bounded(WireLimits.original)
        fields.reserveCapacity(event.fields.count)
        for (field, value) in event.fields { take(field.rawValue, value) }
        for (name, value) in event.fields.others where fields.count < WireLimits.fields && WireLimits.isName(name) {
            take(name, value)
        }
    }

    private mutating func take(_ name: String, _ value: FieldValue) {
        let value = value.bounded
        fields.append((name, value, Self.length(of: value)))
    }

    /// The event alone.
    var bytes: [UInt8] {
        var bytes = WireBytes(capacity: length)
        write(to: &bytes)
        return bytes.bytes
    }

    /// The event as member `event` of a `Cordon_V1_Item`.
    var item: [UInt8] {
        let length = length
        var bytes = WireBytes(capacity: WireBytes.length(ofField: length))
        bytes.tag(1, .length)
        bytes.varint(UInt64(length))
        write(to: &bytes)
        return bytes.bytes
    }

    // MARK: - Lengths

    private var length: Int {
        var length = 0
        for time in [event.timestamp.microseconds, event.created.microseconds] where time != 0 {
            length += 1 + WireBytes.length(ofVarint: UInt64(bitPattern: time))
        }
        if !original.isEmpty { length += WireBytes.length(ofText: original) }
        for field in fields { length += WireBytes.length(ofField: Self.entry(field.name, field.length)) }
        return length
    }

    /// Bytes of an entry of the map.
    private static func entry(_ name: String, _ value: Int) -> Int {
        WireBytes.length(ofText: name) + WireBytes.length(ofField: value)
    }

    private static func length(of value: FieldValue) -> Int {
        switch value {
        case .text(let text): WireBytes.length(ofText: text)
        case .number(let number): 1 + WireBytes.length(ofVarint: UInt64(bitPattern: number))
        case .flag: 2
        case .texts(let texts): WireBytes.length(ofField: length(of: texts))
        }
    }

    private static func length(of texts: [String]) -> Int { texts.reduce(0) { $0 + WireBytes.length(ofText: $1) } }

    // MARK: - Bytes

    /// Members that are zero or empty are left out, as proto3 has it; those of a `oneof` never.
    private func write(to bytes: inout WireBytes) {
        if event.timestamp.microseconds != 0 { Self.write(event.timestamp.microseconds, as: 1, to: &bytes) }
        if event.created.microseconds != 0 { Self.write(event.created.microseconds, as: 2, to: &bytes) }
        if !original.isEmpty { bytes.text(3, original) }
        for field in fields {
            bytes.tag(4, .length)
            bytes.varint(UInt64(Self.entry(field.name, field.length)))
            bytes.text(1, field.name)
            bytes.tag(2, .length)
            bytes.varint(UInt64(field.length))
            Self.write(field.value, to: &bytes)
        }
    }

    private static func write(_ number: Int64, as field: UInt64, to bytes: inout WireBytes) {
        bytes.tag(field, .varint)
        bytes.varint(UInt64(bitPattern: number))
    }

    private static func write(_ value: FieldValue, to bytes: inout WireBytes) {
        switch value {
        case .text(let text): bytes.text(1, text)
        case .number(let number): write(number, as: 2, to: &bytes)
        case .flag(let flag): write(flag ? 1 : 0, as: 3, to: &bytes)
        case .texts(let texts):
            bytes.tag(4, .length)
            bytes.varint(UInt64(length(of: texts)))
            for text in texts { bytes.text(1, text) }
        }
    }
}

extension FieldValue {
    /// The value within `WireLimits`.
    var bounded: FieldValue {
        switch self {
        case .text(let text): .text(text.bounded(WireLimits.fieldText))
        case .texts(let texts):
            .texts(texts.prefix(WireLimits.fieldTexts).map { $0.bounded(WireLimits.fieldText) })
        case .number, .flag: self
        }
    }
}

extension Event {
    /// The event as a serialised `Cordon_V1_Event`, within `WireLimits`.
    package var wireBytes: [UInt8] { EventEncoding(self).bytes }
}
