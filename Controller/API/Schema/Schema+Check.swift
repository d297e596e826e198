internal import CordonModel
package import CordonScan

extension Schema {
    /// What is wrong with the value, and where; empty when it fits. Stops after 20 faults.
    package func faults(in value: JSONValue, at place: JSONPointer = JSONPointer()) -> [Problem.Fault] {
        var faults: [Problem.Fault] = []
        check(value, at: place, &faults)
        return Array(faults.prefix(20))
    }

    private func check(_ value: JSONValue, at place: JSONPointer, _ faults: inout [Problem.Fault]) {
        guard faults.count < 20 else { return }
        switch self {
        case .anything: return
        case .named(_, let schema): schema.check(value, at: place, &faults)
        case .nullable(let schema): if !value.isNull { schema.check(value, at: place, &faults) }
        case .flag: if value.flag == nil { faults.expect("true or false", at: place, value) }
        case .choice(let names):
            if !names.contains(value.text ?? "") {
                faults.add("is not one of \(names.joined(separator: ", "))", at: place)
            }
        case .integer(let range): Self.check(value, in: range, at: place, &faults)
        case .text(let form, let length): Self.check(value, form, length, at: place, &faults)
        case .list(let element, let most):
            guard let elements = value.array else { return faults.expect("a list", at: place, value) }
            guard elements.count <= most else { return faults.add("has more than \(most) elements", at: place) }
            for (index, value) in elements.enumerated() { element.check(value, at: place.appending(index), &faults) }
        case .map(let element, let most):
            guard let object = value.object else { return faults.expect("an object", at: place, value) }
            guard object.count <= most else { return faults.add("has more than \(most) members", at: place) }
            for (key, value) in object { element.check(value, at: place.appending(key), &faults) }
        case .object(let properties): Self.check(value, properties, at: place, &faults)
        case .variants(let tag, let variants):
            let names = variants.map(\.name)
            guard let object = value.object else { return faults.expect("an object", at: place, value) }
            guard let name = object[tag]?.text, let variant = variants.first(where: { $0.name == name }) else {
                return faults.add("is not one of \(names.joined(separator: ", "))", at: place.appending(tag))
            }
            Self.check(value, [.required(tag, .choice([name]))] + variant.properties, at: place, &faults)
        }
    }

    private static func check(
        _ value: JSONValue, _ properties: [Property], at place: JSONPointer, _ faults: inout [Problem.Fault]
    ) {
        guard let object = value.object else { return faults.expect("an object", at: place, value) }
        for property in properties {
            if let value = object[property.name] {
                property.schema.check(value, at: place.appending(property.name), &faults)
            } else if property.isRequired {
                faults.add("is missing", at: place.appending(property.name))
            }
        }
        for key in object.keys where !properties.contains(where: { $0.name == key }) {
            faults.add("is not a member that is known here", at: place.appending(String(key.prefix(100))))
        }
    }

    private static func check(
        _ value: JSONValue, in range: ClosedRange<Int64>, at place: JSONPointer, _ faults: inout [Problem.Fault]
    ) {
        guard case .integer(let number) = value else { return faults.expect("a whole number", at: place, value) }
        if !range.contains(number) {
            faults.add("is not between \(range.lowerBound) and \(range.upperBound)", at: place)
        }
    }

    private static func check(
        _ value: JSONValue, _ form: TextForm, _ length: ClosedRange<Int>, at place: JSONPointer,
        _ faults: inout [Problem.Fault]
    ) {
        guard let text = value.text else { return faults.expect("a text", at: place, value) }
        guard length.contains(text.unicodeScalars.count) else {
            return faults.add("does not have \(length.lowerBound) to \(length.upperBound) characters", at: place)
        }
        let fits =
            switch form {
            case .plain: !text.utf8.contains(0)
            case .identifier: UUIDv7(text) != nil
            case .instant: Timestamp(rfc3339: text) != nil
            case .network: Network(text) != nil
            }
        if !fits { faults.add("is not \(form.inWords)", at: place) }
    }
}

extension Schema.TextForm {
    fileprivate var inWords: String {
        switch self {
        case .plain: "a text without NUL"
        case .identifier: "an identifier (RFC 9562)"
        case .instant: "a time (RFC 3339)"
        case .network: "an address, or a network whose host bits are zero"
        }
    }
}

extension [Problem.Fault] {
    fileprivate mutating func add(_ message: String, at place: JSONPointer) {
        append(Problem.Fault(pointer: place.description, message: message))
    }

    fileprivate mutating func expect(_ what: String, at place: JSONPointer, _ value: JSONValue) {
        add("is \(value.kindName), not \(what)", at: place)
    }
}
