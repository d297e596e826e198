package import CordonModel

extension Event {
    /// The event as the Elastic Common Schema writes it: nested objects, `@timestamp`, `event.created` and
    /// `event.original` among them.
    ///
    /// Where a name is both a value and the start of another (`a` and `a.b`, from names outside the subset), the later
    /// one stands under its whole dotted name at the top.
    package var document: JSONValue {
        var root = JSONObject()
        root["@timestamp"] = .text(timestamp.rfc3339(fractionDigits: 6))
        root["event"] = .object(eventStart)
        for (name, value) in fields.named {
            let path = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).prefix(9)
            let keys = path.map { String($0) ?? "" }
            if keys.count > 8 || !root.put(JSONValue(value), at: keys[...]) { root[name] = JSONValue(value) }
        }
        return .object(root)
    }

    private var eventStart: JSONObject {
        var object = JSONObject()
        object["created"] = .text(created.rfc3339(fractionDigits: 6))
        object["original"] = .text(original)
        return object
    }
}

// MARK: - Read back

extension Event {
    /// The event that ``document`` wrote; `nil` of any other object, and of one that holds what no event does: nulls,
    /// fractions, lists of anything but texts.
    package init?(document: JSONObject) {
        guard let time = document["@timestamp"]?.instant, let event = document["event"]?.object,
            let created = event["created"]?.instant, let original = event["original"]?.text
        else { return nil }
        self.init(timestamp: time, created: created, original: original)
        for (key, value) in document where key != "@timestamp" {
            guard add(value, named: key, isEvent: key == "event", depth: 1) else { return nil }
        }
    }

    private mutating func add(_ value: JSONValue, named name: String, isEvent: Bool = false, depth: Int) -> Bool {
        guard case .object(let object) = value else {
            guard let value = FieldValue(value) else { return false }
            fields[named: name] = value
            return true
        }
        guard depth <= 8 else { return false }
        for (key, value) in object where !isEvent || (key != "created" && key != "original") {
            guard add(value, named: "\(name).\(key)", depth: depth + 1) else { return false }
        }
        return true
    }
}

extension FieldValue {
    fileprivate init?(_ value: JSONValue) {
        switch value {
        case .text(let text): self = .text(text)
        case .integer(let number): self = .number(number)
        case .flag(let flag): self = .flag(flag)
        case .array(let elements):
            let texts = elements.compactMap(\.text)
            guard texts.count == elements.count else { return nil }
            self = .texts(texts)
        case .null, .number, .object: return nil
        }
    }
}

extension JSONValue {
    fileprivate var instant: Timestamp? { text.flatMap { Timestamp(rfc3339: $0) } }

    /// The value of a field.
    package init(_ value: FieldValue) {
        self =
            switch value {
            case .text(let text): .text(text)
            case .number(let number): .integer(number)
            case .flag(let flag): .flag(flag)
            case .texts(let texts): .array(texts.map { .text($0) })
            }
    }
}

extension JSONObject {
    /// Puts the value under nested keys; `false`, and nothing done, when something else stands in the way.
    fileprivate mutating func put(_ value: JSONValue, at keys: ArraySlice<String>) -> Bool {
        guard let key = keys.first else { return false }
        if keys.count == 1 {
            guard self[key] == nil else { return false }
            self[key] = value
            return true
        }
        var inner = JSONObject()
        switch self[key] {
        case .object(let object): inner = object
        case nil: break
        default: return false
        }
        guard inner.put(value, at: keys.dropFirst()) else { return false }
        self[key] = .object(inner)
        return true
    }
}
