package import CordonModel

extension EventQuery {
    /// Whether the event is meant. This is the language's meaning; indexes only spare looking at most events.
    package func matches(_ event: Event) -> Bool {
        switch self {
        case .everything: true
        case .all(let parts): parts.allSatisfy { $0.matches(event) }
        case .any(let parts): parts.contains { $0.matches(event) }
        case .not(let part): !part.matches(event)
        case .words(let pattern): pattern.isFound(in: event.original)
        case .field(let name, let test): test.holds(event.values(of: name))
        }
    }
}

extension Event {
    /// The values of a field by its ECS name: one, several of a list, or none.
    package func values(of name: String) -> [FieldValue] {
        switch name {
        case "@timestamp": [.number(timestamp.microseconds)]
        case "event.created": [.number(created.microseconds)]
        case "event.original": [.text(original)]
        default:
            switch fields[named: name] {
            case .texts(let texts)?: texts.map { .text($0) }
            case let value?: [value]
            case nil: []
            }
        }
    }
}

extension EventQuery.FieldTest {
    fileprivate func holds(_ values: [FieldValue]) -> Bool {
        switch self {
        case .present: !values.isEmpty
        case .text(let pattern): values.contains { pattern.matches($0.plain) }
        case .network(let network):
            values.contains { IPAddress($0.plain).map { network.contains($0) } ?? false }
        case .compare(let comparison, let bound):
            values.contains { value in
                let number: Int64? = if case .number(let number) = value { number } else { Int64(value.plain) }
                return number.map { comparison.holds($0, bound) } ?? false
            }
        }
    }
}

extension EventQuery.Comparison {
    fileprivate func holds(_ value: Int64, _ bound: Int64) -> Bool {
        switch self {
        case .atLeast: value >= bound
        case .atMost: value <= bound
        case .above: value > bound
        case .below: value < bound
        }
    }
}

extension FieldValue {
    /// As text; lists are taken apart before.
    package var plain: String {
        switch self {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .texts(let texts): texts.joined(separator: " ")
        }
    }
}
