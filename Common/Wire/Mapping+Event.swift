package import CordonModel

extension WireLimits {
    /// Bytes of a log line as it was.
    package static let original = 64 * 1024
    /// Bytes of one field's text.
    package static let fieldText = 16 * 1024
    /// Texts in one field.
    package static let fieldTexts = FieldValue.textsLimit
    /// Fields of one event.
    package static let fields = 256
    /// Bytes of the name of a field that is not of the subset.
    package static let fieldName = 128

    /// Whether it can be the name of a field: visible ASCII only, so that no name needs care where it is shown.
    static func isName(_ name: String) -> Bool {
        (1...fieldName).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension Cordon_V1_Event {
    /// The event as it is shipped; what is beyond `WireLimits` is cut or left out.
    package init(_ event: Event) {
        self.init()
        timestampUs = event.timestamp.microseconds
        createdUs = event.created.microseconds
        original = event.original.bounded(WireLimits.original)
        fields.reserveCapacity(event.fields.count)
        for (field, value) in event.fields { fields[field.rawValue] = Cordon_V1_Value(value) }
        for (name, value) in event.fields.others where fields.count < WireLimits.fields && WireLimits.isName(name) {
            fields[name] = Cordon_V1_Value(value)
        }
    }

    /// The event as the model knows it. Fields that the model has no name for, as those of a newer agent, are kept by
    /// name; what is beyond `WireLimits` is cut or left out, for it was hostile at the agent already.
    package func model() -> Event {
        var event = Event(
            timestamp: Timestamp(microseconds: timestampUs),
            created: Timestamp(microseconds: createdUs),
            original: original.bounded(WireLimits.original)
        )
        event.fields.reserveCapacity(min(fields.count, ECSField.allCases.count))
        var others: [(name: String, value: FieldValue)] = []
        for (name, value) in fields {
            guard let value = value.model() else { continue }
            if let field = ECSField.named(name) {
                event.fields[field] = value
            } else if WireLimits.isName(name) {
                others.append((name, value))
            }
        }
        // By name, so that the same ones are kept each time the same event comes.
        for (name, value) in others.sorted(by: { $0.name < $1.name }).prefix(WireLimits.fields - event.fields.count) {
            event.fields[named: name] = value
        }
        return event
    }
}

extension Cordon_V1_Value {
    /// The value as it travels, within `WireLimits`.
    /// - Parameter limit: Bytes of one text.
    package init(_ value: FieldValue, text limit: Int = WireLimits.fieldText) {
        self.init()
        switch value {
        case .text(let text): self.text = text.bounded(limit)
        case .number(let number): self.number = number
        case .flag(let flag): self.flag = flag
        case .texts(let texts):
            self.texts.items = texts.prefix(WireLimits.fieldTexts).map { $0.bounded(WireLimits.fieldText) }
        }
    }

    /// `nil` for a kind of value that is not known here.
    package func model(text limit: Int = WireLimits.fieldText) -> FieldValue? {
        switch kind {
        case .text(let text): .text(text.bounded(limit))
        case .number(let number): .number(number)
        case .flag(let flag): .flag(flag)
        case .texts(let list): .texts(list.items.prefix(WireLimits.fieldTexts).map { $0.bounded(WireLimits.fieldText) })
        case nil: nil
        }
    }
}
