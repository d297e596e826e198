/// One word of a condition.
struct ConditionToken {
    enum Kind: Equatable {
        case variable(String)
        case text(String)
        case number(String)
        case tagged(Character, String)
        case word(String)
        case sign(String)
    }

    let kind: Kind
    /// In bytes from the start.
    let offset: Int
}

/// Cuts a condition into tokens.
struct ConditionLexer {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func tokens() throws(ConditionParser.SyntaxError) -> [ConditionToken] {
        var tokens: [ConditionToken] = []
        while let next = try next() { tokens.append(next) }
        return tokens
    }

    private mutating func next() throws(ConditionParser.SyntaxError) -> ConditionToken? {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        guard position < bytes.count else { return nil }
        let start = position
        return ConditionToken(kind: try kind(), offset: start)
    }

    private mutating func kind() throws(ConditionParser.SyntaxError) -> ConditionToken.Kind {
        switch bytes[position] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try quoted())
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
            position += 1
            return .sign(String(UnicodeScalar(bytes[position - 1])))
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"): return try sign()
        default: return try word()
        }
    }

    private mutating func sign() throws(ConditionParser.SyntaxError) -> ConditionToken.Kind {
        for length in [2, 1] where position + length <= bytes.count {
            let text = String(decoding: bytes[position..<position + length], as: UTF8.self)
            if ["==", "!=", "<>", "<=", ">=", "=", "<", ">"].contains(text) {
                position += length
                return .sign(text)
            }
        }
        throw ConditionParser.SyntaxError(message: "“!” stands alone", offset: position)
    }

    /// Text between quotes; `\'` and `\\` are escapes (STIX 2.1 §9.1).
    private mutating func quoted() throws(ConditionParser.SyntaxError) -> String {
        let start = position
        let quote = bytes[position]
        position += 1
        var content: [UInt8] = []
        while position < bytes.count, bytes[position] != quote {
            if bytes[position] == UInt8(ascii: "\\") {
                position += 1
                guard position < bytes.count, bytes[position] == quote || bytes[position] == UInt8(ascii: "\\") else {
                    throw ConditionParser.SyntaxError(message: "an escape is neither \\' nor \\\\", offset: position)
                }
            }
            content.append(bytes[position])
            position += 1
        }
        guard position < bytes.count else {
            throw ConditionParser.SyntaxError(message: "a quotation has no end", offset: start)
        }
        position += 1
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func word() throws(ConditionParser.SyntaxError) -> ConditionToken.Kind {
        let start = position
        while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
        guard position > start else {
            throw ConditionParser.SyntaxError(message: "a character here has no meaning", offset: start)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if text.utf8.count == 1, ["t", "h", "b"].contains(text), position < bytes.count,
            bytes[position] == UInt8(ascii: "'")
        {
            return .tagged(Character(text), try quoted())
        }
        if text.hasPrefix("__") { return try variable(text, at: start) }
        return Int64(text) != nil || Double(text)?.isFinite == true ? .number(text) : .word(text)
    }

    /// `__x__:value`, `__x__.value` or `__x__`.
    private func variable(_ text: String, at start: Int) throws(ConditionParser.SyntaxError) -> ConditionToken.Kind {
        for ending in [":value", ".value", ""] where text.hasSuffix(ending) {
            let name = text.dropLast(ending.count)
            if name.hasSuffix("__"), name.utf8.count >= 5, !name.contains(":") { return .variable(String(name)) }
        }
        throw ConditionParser.SyntaxError(
            message: "“\(text.prefix(60))” is no reference like __name__:value", offset: start)
    }

    /// Letters, digits and what stands in numbers, addresses, names and dates without quotes.
    private static func isWord(_ byte: UInt8) -> Bool {
        VariableName.isPart(byte)
            || [UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "+")].contains(byte)
    }
}
