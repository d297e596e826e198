/// A JSON text as a tree (RFC 8259). Objects keep the order of their members; equality does not mind it.
package enum JSONValue: Sendable, Hashable {
    case null
    case flag(Bool)
    /// A whole number that fits, however it is written: `1e3`, `2.0`.
    case integer(Int64)
    /// Any other number, rounded to the nearest double; never infinite.
    case number(Double)
    case text(String)
    case array([JSONValue])
    case object(JSONObject)

    /// How much a text may cost to read.
    package struct Limits: Sendable, Hashable {
        /// Arrays and objects inside each other.
        package var depth: Int
        /// Bytes of the whole text.
        package var bytes: Int
        /// Values, member names included.
        package var nodes: Int

        package init(depth: Int = 64, bytes: Int = 1 << 20, nodes: Int = 100_000) {
            self.depth = min(depth, 256)
            self.bytes = bytes
            self.nodes = nodes
        }

        /// 64 deep, 1 MiB, 100,000 values.
        package static let standard = Limits()
    }

    /// Reads one JSON text, strictly: one value, no trailing bytes, no duplicate keys, valid UTF-8, whole surrogate
    /// pairs.
    package static func parse(_ bytes: [UInt8], limits: Limits = .standard) throws(JSONScanError) -> JSONValue {
        var parser = JSONParser(limits: limits)
        return try parser.document(bytes.span)
    }

    /// Reads one JSON text given as a string.
    package static func parse(_ text: String, limits: Limits = .standard) throws(JSONScanError) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }
}

// MARK: - Typed looks; nil where the value is of another kind

extension JSONValue {
    package var isNull: Bool { self == .null }

    /// The text of a string.
    package var text: String? { if case .text(let text) = self { text } else { nil } }

    /// The boolean.
    package var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }

    /// The whole number; also of a number such as `1e3` or `2.0` that is whole.
    package var integer: Int64? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// The number, rounded to the nearest double.
    package var number: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    /// The elements of an array.
    package var array: [JSONValue]? { if case .array(let array) = self { array } else { nil } }

    /// The object.
    package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }

    /// The texts of an array that holds nothing but strings.
    package var texts: [String]? {
        guard let array else { return nil }
        let texts = array.compactMap(\.text)
        return texts.count == array.count ? texts : nil
    }

    /// The member of an object.
    package subscript(key: String) -> JSONValue? { object?[key] }

    /// The element of an array; `nil` outside it.
    package subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// What the pointer points at (RFC 6901 §4).
    package subscript(pointer pointer: JSONPointer) -> JSONValue? {
        var value = self
        for token in pointer.tokens {
            let next: JSONValue? =
                switch value {
                case .object(let object): object[token]
                case .array: JSONPointer.index(token).flatMap { value[$0] }
                default: nil
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }

    /// For people: `a text`, `an object`, ….
    package var kindName: String {
        switch self {
        case .null: "null"
        case .flag: "true or false"
        case .integer, .number: "a number"
        case .text: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Beware: in a closure that gives a `JSONValue?`, `isWanted ? value : nil` is null, not nothing. Write `Optional.none`.
    package init(nilLiteral: ()) { self = .null }
    /// Later values win where a key stands twice.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
