package import CordonModel

extension Event {
    /// The event of a serialised `Cordon_V1_Event`, as `Cordon_V1_Event.model()` gives it, without the generated message.
    /// Throws for bytes that are no message; what is beyond `WireLimits` is cut or left out.
    package init(wireBytes: some Sequence<UInt8>) throws(WireError) {
        let bytes = ContiguousArray(wireBytes)
        self = try EventDecoding.event(bytes.span, 0..<bytes.count)
    }
}

/// Reads the messages that an event is made of.
enum EventDecoding {
    static func event(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(WireError) -> Event {
        var reading = WireReading(range)
        var event = Event(timestamp: Timestamp(microseconds: 0), created: Timestamp(microseconds: 0), original: "")
        event.fields.reserveCapacity(20)
        var others: [(name: String, value: FieldValue?)] = []
        while let (field, content) = try reading.next(bytes) {
            switch (field, content) {
            case (1, .number(let number)): event.timestamp = Timestamp(microseconds: Int64(bitPattern: number))
            case (2, .number(let number)): event.created = Timestamp(microseconds: Int64(bitPattern: number))
            case (3, .range(let text)):
                event.original = try WireReading.text(bytes, text).bounded(WireLimits.original)
            case (4, .range(let entry)):
                let (name, value) = try self.entry(bytes, entry)
                if let field = ECSField.named(name) {
                    event.fields[field] = value
                } else if WireLimits.isName(name) {
                    others.append((name, value))
                }
            default: break
            }
        }
        event.fields.add(others)
        return event
    }

    /// An entry of the map; of a name that comes twice the last one counts.
    private static func entry(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(WireError) -> (name: String, value: FieldValue?) {
        var reading = WireReading(range)
        var name = ""
        var value: FieldValue?
        while let (field, content) = try reading.next(bytes) {
            switch (field, content) {
            case (1, .range(let text)): name = try WireReading.text(bytes, text)
            case (2, .range(let message)): value = try self.value(bytes, message)
            case (1, _), (2, _): throw WireError("an entry of fields is of an unknown shape")
            default: break
            }
        }
        return (name, value)
    }

    /// `nil` for a kind of value that is not known here.
    private static func value(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(WireError) -> FieldValue? {
        var reading = WireReading(range)
        var value: FieldValue?
        while let (field, content) = try reading.next(bytes) {
            switch (field, content) {
            case (1, .range(let text)): value = .text(try WireReading.text(bytes, text))
            case (2, .number(let number)): value = .number(Int64(bitPattern: number))
            case (3, .number(let number)): value = .flag(number != 0)
            case (4, .range(let list)): value = .texts(try texts(bytes, list))
            default: break
            }
        }
        return value?.bounded
    }

    private static func texts(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(WireError) -> [String] {
        var reading = WireReading(range)
        var texts: [String] = []
        while let (field, content) = try reading.next(bytes) {
            guard field == 1, case .range(let text) = content else { continue }
            // All are looked at, for one that is no text spoils the message; those beyond the limit are not kept.
            let read = try WireReading.text(bytes, text)
            if texts.count < WireLimits.fieldTexts { texts.append(read) }
        }
        return texts
    }
}

extension EventFields {
    /// Takes in fields outside the subset, by name, so that the same ones are kept each time the same event comes.
    fileprivate mutating func add(_ others: [(name: String, value: FieldValue?)]) {
        guard !others.isEmpty else { return }
        let latest = Dictionary(others.map { ($0.name, $0.value) }) { $1 }
        let known = latest.compactMap { name, value in value.map { (name: name, value: $0) } }
        for (name, value) in known.sorted(by: { $0.name < $1.name }).prefix(WireLimits.fields - count) {
            self[named: name] = value
        }
    }
}
