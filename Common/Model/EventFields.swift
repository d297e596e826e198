/// The fields of an event: those of `ECSField`, and any others by name.
///
/// An event has about twenty. A short list that is looked along is smaller than a dictionary and faster to fill, to
/// look into and to copy; it also keeps the order in which the fields were set. Two are equal whatever their order.
package struct EventFields: Sendable {
    private var entries: [(key: ECSField, value: FieldValue)] = []
    /// Fields outside the subset, as a product's own or those of a newer agent; nearly always none.
    package private(set) var others: [(name: String, value: FieldValue)] = []

    package init() {}

    /// How many there are, others too.
    package var count: Int { entries.count + others.count }
    package var isEmpty: Bool { entries.isEmpty && others.isEmpty }

    /// Makes room for so many fields of the subset.
    package mutating func reserveCapacity(_ count: Int) { entries.reserveCapacity(count) }

    /// The field's value; setting replaces in place or appends, setting `nil` removes.
    package subscript(field: ECSField) -> FieldValue? {
        get {
            for entry in entries where entry.key == field { return entry.value }
            return nil
        }
        set {
            let position = entries.firstIndex { $0.key == field }
            switch (position, newValue) {
            case (let position?, let value?): entries[position].value = value
            case (nil, let value?): entries.append((field, value))
            case (let position?, nil): entries.remove(at: position)
            case (nil, nil): break
            }
        }
    }

    /// The value of the field of a name, in the subset or not.
    package subscript(named name: String) -> FieldValue? {
        get {
            if let field = ECSField.named(name) { return self[field] }
            return others.first { $0.name == name }?.value
        }
        set {
            if let field = ECSField.named(name) {
                self[field] = newValue
                return
            }
            others.removeAll { $0.name == name }
            if let newValue { others.append((name, newValue)) }
        }
    }

    /// All of them by name: first those of the subset, in the order in which they were set.
    package var named: [(name: String, value: FieldValue)] { entries.map { ($0.key.rawValue, $0.value) } + others }
}

/// The fields of the subset, in the order in which they were set. `others` are not among them.
extension EventFields: Sequence {
    package func makeIterator() -> IndexingIterator<[(key: ECSField, value: FieldValue)]> { entries.makeIterator() }
}

extension EventFields: ExpressibleByDictionaryLiteral {
    /// Later values win where a field stands twice.
    package init(dictionaryLiteral elements: (ECSField, FieldValue)...) {
        entries.reserveCapacity(elements.count)
        for (field, value) in elements { self[field] = value }
    }
}

extension EventFields: Hashable {
    package static func == (left: EventFields, right: EventFields) -> Bool {
        left.entries.count == right.entries.count && left.others.count == right.others.count
            && left.entries.allSatisfy { right[$0.key] == $0.value }
            && left.others.allSatisfy { right[named: $0.name] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        var mixed = 0
        for (name, value) in named {
            var one = hasher
            one.combine(name)
            one.combine(value)
            mixed ^= one.finalize()
        }
        hasher.combine(mixed)
    }
}
