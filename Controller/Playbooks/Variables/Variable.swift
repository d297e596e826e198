internal import CordonModel

/// A CACAO variable (CACAO 2.0 §10.18). Values are text of a declared type.
package struct Variable: Sendable, Hashable, Codable {
    package var type: VariableType
    package var description: String
    /// `nil` is unknown, the empty text is known to be empty.
    package var value: String?
    /// Never changes.
    package var isConstant: Bool
    /// Given by whoever starts the playbook.
    package var isExternal: Bool

    package init(
        type: VariableType, value: String?, description: String = "", isConstant: Bool = false, isExternal: Bool = false
    ) {
        self.type = type
        self.value = value
        self.description = description
        self.isConstant = isConstant
        self.isExternal = isExternal
    }
}

/// `variable-type-ov` of CACAO 2.0 §10.18.3; an open vocabulary, others are kept and treated as text.
package struct VariableType: Sendable, Hashable, Codable, RawRepresentable, ExpressibleByStringLiteral {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
    package init(stringLiteral value: String) { rawValue = value }

    package static let bool: VariableType = "bool"
    package static let dictionary: VariableType = "dictionary"
    package static let float: VariableType = "float"
    package static let hexstring: VariableType = "hexstring"
    package static let integer: VariableType = "integer"
    package static let ipv4: VariableType = "ipv4-addr"
    package static let ipv6: VariableType = "ipv6-addr"
    package static let long: VariableType = "long"
    package static let mac: VariableType = "mac-addr"
    package static let hash: VariableType = "hash"
    package static let md5: VariableType = "md5-hash"
    package static let sha256: VariableType = "sha256-hash"
    package static let string: VariableType = "string"
    package static let uri: VariableType = "uri"
    package static let uuid: VariableType = "uuid"

    /// The vocabulary's fifteen words.
    package static let vocabulary: Set<VariableType> = [
        .bool, .dictionary, .float, .hexstring, .integer, .ipv4, .ipv6, .long, .mac, .hash, .md5, .sha256, .string,
        .uri, .uuid,
    ]

    /// Whether the text is a value of the type; text of unknown types always is.
    package func accepts(_ text: String) -> Bool {
        switch self {
        case .bool: text == "true" || text == "false"
        case .integer, .long: Int64(text) != nil
        case .float: Double(text)?.isFinite == true
        case .ipv4: text.contains(".") && Network(text)?.address.width == 32
        case .ipv6: text.contains(":") && Network(text) != nil
        case .mac: Self.hexadecimal(text, dropping: ":-")?.utf8.count == 12
        case .hexstring, .hash: Self.hexadecimal(text) != nil
        case .md5: Self.hexadecimal(text)?.utf8.count == 32
        case .sha256: Self.hexadecimal(text)?.utf8.count == 64
        case .uuid: UUIDv7(text) != nil
        case .uri: !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        default: text.utf8.count <= 65_536
        }
    }

    /// The digits in lower case; `nil` when there is anything else, or an odd number of them.
    static func hexadecimal(_ text: String, dropping separators: String = "") -> String? {
        let digits = text.lowercased().filter { !separators.contains($0) }
        return digits.isEmpty || HexDigit.bytes(digits) == nil ? nil : digits
    }
}

/// Names of variables.
package enum VariableName {
    /// Whether it is `__name__` by the schema's expression `^__[a-zA-Z_][a-zA-Z0-9_-]{0,199}__$`.
    package static func isValid(_ name: some StringProtocol) -> Bool {
        guard name.hasPrefix("__"), name.hasSuffix("__"), (5...204).contains(name.utf8.count) else { return false }
        let inner = name.utf8.dropFirst(2).dropLast(2)
        guard let first = inner.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
        return inner.allSatisfy { isPart($0) }
    }

    /// Whether the byte may stand in a name.
    static func isPart(_ byte: UInt8) -> Bool {
        isLetter(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) && byte >= 65 }
}
