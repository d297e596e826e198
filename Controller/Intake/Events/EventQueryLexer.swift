/// The pieces of a query.
struct EventQueryLexer {
    enum Token: Hashable {
        case open
        case close
        case and
        case or
        case not
        /// A word or a quoted text, and the field before its colon.
        case term(field: String?, value: String, quoted: Bool)
        case end
    }

    /// Scalars, not what people see as characters: a bracket stays one, whatever mark is put on it.
    private let characters: [Unicode.Scalar]
    private var index = 0
    /// Where the last token began, from 1.
    private(set) var position = 1

    init(_ text: String) throws(EventQueryError) {
        guard text.utf8.count <= EventQuery.Limits.bytes else {
            throw EventQueryError("it is longer than \(EventQuery.Limits.bytes) bytes", at: EventQuery.Limits.bytes)
        }
        characters = Array(text.unicodeScalars)
    }

    mutating func next() throws(EventQueryError) -> Token {
        while index < characters.count, characters[index].properties.isWhitespace { index += 1 }
        position = index + 1
        guard index < characters.count else { return .end }
        switch characters[index] {
        case "(":
            index += 1
            return .open
        case ")":
            index += 1
            return .close
        case "\"": return .term(field: nil, value: try quoted(), quoted: true)
        default: return try word()
        }
    }

    private mutating func word() throws(EventQueryError) -> Token {
        var text = ""
        var field: String?
        while index < characters.count {
            let character = characters[index]
            if character.properties.isWhitespace || character == "(" || character == ")" { break }
            if character == "\\", index + 1 < characters.count {
                text.unicodeScalars.append(character)
                text.unicodeScalars.append(characters[index + 1])
                index += 2
                continue
            }
            if character == "\"" {
                guard field != nil, text.isEmpty else {
                    throw EventQueryError("a quotation mark stands within a word", at: index + 1)
                }
                return .term(field: field, value: try quoted(), quoted: true)
            }
            index += 1
            if character == ":", field == nil, Self.isField(text) {
                field = text
                text = ""
            } else {
                text.unicodeScalars.append(character)
            }
        }
        if field == nil, let keyword = Self.keywords[text] { return keyword }
        if let field, text.isEmpty { throw EventQueryError("\(field): has no value after it", at: index + 1) }
        return .term(field: field, value: text, quoted: false)
    }

    private mutating func quoted() throws(EventQueryError) -> String {
        let start = index + 1
        var text = ""
        index += 1
        while index < characters.count {
            let character = characters[index]
            index += 1
            if character == "\"" { return text }
            if character == "\\", index < characters.count, characters[index] == "\"" || characters[index] == "\\" {
                text.unicodeScalars.append(characters[index])
                index += 1
            } else {
                text.unicodeScalars.append(character)
            }
        }
        throw EventQueryError("the quotation is not closed", at: start)
    }

    private static let keywords: [String: Token] = ["AND": .and, "OR": .or, "NOT": .not]

    /// Whether the text names a field, as `user.name` or `@timestamp`: so that `12:30` and `fe80::1` are words.
    private static func isField(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: "@") || (first.isWordByte && first > 57) else {
            return false
        }
        return text.utf8.count <= 128
            && text.utf8.dropFirst().allSatisfy {
                $0 < 128 && ($0.isWordByte || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == 45)
            }
    }
}
