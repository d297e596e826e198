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

extension JSONValue {
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
