internal import CordonModel

/// Reads a query: OR binds loosest, then AND (or nothing between terms), then NOT.
struct EventQueryParser {
    private var lexer: EventQueryLexer
    private var token: EventQueryLexer.Token
    private var terms = 0

    init(_ text: String) throws(EventQueryError) {
        lexer = try EventQueryLexer(text)
        token = try lexer.next()
    }

    mutating func parse() throws(EventQueryError) -> EventQuery {
        guard token != .end else { return .everything }
        let query = try alternatives(depth: 0)
        guard token == .end else { throw fault("a closing parenthesis has no opening one") }
        return query
    }

    private mutating func alternatives(depth: Int) throws(EventQueryError) -> EventQuery {
        var parts = [try sequence(depth: depth)]
        while token == .or {
            try advance()
            parts.append(try sequence(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func sequence(depth: Int) throws(EventQueryError) -> EventQuery {
        var parts = [try single(depth: depth)]
        while true {
            switch token {
            case .and:
                try advance()
                parts.append(try single(depth: depth))
            case .not, .open, .term: parts.append(try single(depth: depth))
            case .or, .close, .end: return parts.count == 1 ? parts[0] : .all(parts)
            }
        }
    }

    private mutating func single(depth: Int) throws(EventQueryError) -> EventQuery {
        guard depth < EventQuery.Limits.depth else { throw fault("it is nested too deeply") }
        switch token {
        case .not:
            try advance()
            return .not(try single(depth: depth + 1))
        case .open:
            try advance()
            let inner = try alternatives(depth: depth + 1)
            guard token == .close else { throw fault("a parenthesis is not closed") }
            try advance()
            return inner
        case .term(let field, let value, let quoted):
            terms += 1
            guard terms <= EventQuery.Limits.terms else {
                throw fault("it has more than \(EventQuery.Limits.terms) terms")
            }
            let query = try term(field, value, quoted: quoted)
            try advance()
            return query
        case .and, .or: throw fault("AND and OR stand between two terms")
        case .close: throw fault("a term was expected before the closing parenthesis")
        case .end: throw fault("a term was expected, and the query ends")
        }
    }

    private func term(_ field: String?, _ value: String, quoted: Bool) throws(EventQueryError) -> EventQuery {
        guard let field else {
            if !quoted, let fault = Self.slip(value) { throw self.fault(fault) }
            let pattern = TextPattern(value, literal: quoted)
            guard pattern.parts.contains(where: { if case .byte = $0 { true } else { false } }) else {
                throw fault("a word needs at least one character that is not a wildcard")
            }
            return .words(pattern)
        }
        if !quoted, value == "*" { return .field(field, .present) }
        if !quoted, let comparison = EventQuery.Comparison.allCases.first(where: { value.hasPrefix($0.rawValue) }) {
            return .field(field, try compare(comparison, String(value.dropFirst(comparison.rawValue.count)), field))
        }
        if EventQuery.isAddress(field) {
            if let network = Network(value) { return .field(field, .network(network)) }
            if !quoted, value.contains("/") { throw fault("\(value) is not a network in CIDR form") }
            // Such a field holds nothing but addresses: what is none finds nothing, and nothing would say why.
            if ECSField.named(field)?.kind == .ip, !value.contains("*"), !value.contains("?") {
                throw fault("\(value) is no address and no network, which is all that \(field) holds")
            }
        }
        return .field(field, .text(TextPattern(value, literal: quoted)))
    }

    /// What was probably meant by a word that would be looked for as it stands; `nil` where it is a word.
    private static func slip(_ word: String) -> String? {
        if ["and", "or", "not"].contains(word.lowercased()) {
            return "\(word) is written \(word.uppercased()); the word itself is put in quotation marks"
        }
        guard let mark = word.firstIndex(where: { "<>=".contains($0) }) else { return nil }
        let name = word[..<mark]
        guard name.contains(".") || name.hasPrefix("@"), FieldNames.known.contains(String(name)) else { return nil }
        let value = word[mark...].drop { $0 == "=" }
        return
            "a field and its value are joined by a colon, as \(name):\(value); a word like this is put in quotation marks"
    }

    private func compare(
        _ comparison: EventQuery.Comparison, _ value: String, _ field: String
    ) throws(EventQueryError) -> EventQuery.FieldTest {
        if Self.instants.contains(field) {
            guard let instant = Timestamp(rfc3339: value) else {
                throw fault("\(field) is compared with a time, as 2026-11-21T06:00:00Z")
            }
            return .compare(comparison, instant.microseconds)
        }
        guard let number = Int64(value) else { throw fault("\(comparison.rawValue) needs a whole number after it") }
        return .compare(comparison, number)
    }

    /// Fields that are not among an event's own but say when.
    static let instants: Set = ["@timestamp", "event.created"]

    private mutating func advance() throws(EventQueryError) { token = try lexer.next() }

    private func fault(_ what: String) -> EventQueryError { EventQueryError(what, at: lexer.position) }
}
