internal import CordonSigma

/// Reads a condition and puts the search identifiers in (Rules, Condition):
///
///     or    := and ("or" and)*
///     and   := not ("and" not)*
///     not   := "not" not | part
///     part  := "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | identifier
struct ConditionParser {
    /// Characters of a condition.
    static let longest = 16_384
    /// Brackets and negations in each other.
    static let deepest = 64
    /// Tests of a whole rule, an identifier that stands twice counted twice.
    static let most = 100_000

    private let identifiers: [SearchIdentifier]
    private let places: [String: Int]
    private let line: Int
    private var tokens: [ConditionLexer.Token] = []
    private var position = 0
    private var size = 0
    /// The identifiers that were asked for.
    private(set) var used: Set<String> = []

    init(_ identifiers: [SearchIdentifier], line: Int) {
        self.identifiers = identifiers
        places = Dictionary(identifiers.enumerated().map { ($1.name, $0) }) { first, _ in first }
        self.line = line
    }

    mutating func condition(_ text: String) throws(RuleFault) -> Condition {
        guard text.utf8.count <= Self.longest else {
            throw RuleFault(line, "The condition is longer than \(Self.longest) characters.", .limits)
        }
        (tokens, position) = (ConditionLexer.tokens(text), 0)
        if tokens.contains(.pipe) { throw aggregation() }
        let condition = try or(0)
        guard position == tokens.count else { throw unexpected() }
        return condition
    }

    private mutating func or(_ depth: Int) throws(RuleFault) -> Condition {
        guard depth <= Self.deepest else {
            throw RuleFault(line, "The condition is more than \(Self.deepest) deep.", .limits)
        }
        var parts = [try and(depth)]
        while take("or") { parts.append(try and(depth)) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func and(_ depth: Int) throws(RuleFault) -> Condition {
        var parts = [try not(depth)]
        while take("and") { parts.append(try not(depth)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func not(_ depth: Int) throws(RuleFault) -> Condition {
        var isNegated = false
        while take("not") { isNegated.toggle() }
        let part = try part(depth)
        return isNegated ? .not(part) : part
    }

    private mutating func part(_ depth: Int) throws(RuleFault) -> Condition {
        guard position < tokens.count else { throw RuleFault(line, "The condition ends too early.", .condition) }
        switch tokens[position] {
        case .open:
            position += 1
            let inner = try or(depth + 1)
            guard position < tokens.count, tokens[position] == .close else { throw unexpected() }
            position += 1
            return inner
        case .word(let word):
            if position + 1 < tokens.count, isWord("of", at: position + 1) { return try quantified(word) }
            guard !["and", "or", "of"].contains(word.lowercased()) else { throw unexpected() }
            position += 1
            return try identifier(word)
        case .close, .pipe: throw unexpected()
        }
    }

    // MARK: - Identifiers

    private mutating func identifier(_ name: String) throws(RuleFault) -> Condition {
        guard let place = places[name] else {
            if name == "near" { throw aggregation() }
            throw RuleFault(line, "The condition names “\(name.prefix(64))”, which is not there.", .condition)
        }
        return try use([identifiers[place]])[0]
    }

    private mutating func quantified(_ quantifier: String) throws(RuleFault) -> Condition {
        let isAll: Bool
        switch quantifier.lowercased() {
        case "1", "any": isAll = false
        case "all": isAll = true
        default:
            throw RuleFault(line, "“\(quantifier.prefix(64)) of”: only 1, any and all are known.", .condition)
        }
        position += 2
        guard position < tokens.count, case .word(let pattern) = tokens[position] else { throw unexpected() }
        position += 1
        let found = identifiers.filter { identifier in
            !identifier.name.hasPrefix("_") && (pattern == "them" || matches(identifier.name, pattern))
        }
        guard !found.isEmpty else {
            throw RuleFault(line, "No search identifier is meant by “\(pattern.prefix(64))”.", .condition)
        }
        let parts = try use(found)
        return parts.count == 1 ? parts[0] : isAll ? .all(parts) : .any(parts)
    }

    private mutating func use(_ found: [SearchIdentifier]) throws(RuleFault) -> [Condition] {
        size += found.reduce(0) { $0 + $1.size }
        guard size <= Self.most else {
            throw RuleFault(line, "The condition makes more than \(Self.most) tests.", .limits)
        }
        used.formUnion(found.map(\.name))
        return found.map(\.condition)
    }

    /// `*` is any number of characters, at any place of the pattern.
    private func matches(_ name: String, _ pattern: String) -> Bool {
        let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard pieces.count > 1 else { return name == pattern }
        guard name.hasPrefix(pieces[0]), name.count >= pieces[0].count + pieces[pieces.count - 1].count,
            name.hasSuffix(pieces[pieces.count - 1])
        else { return false }
        var rest = name.dropFirst(pieces[0].count).dropLast(pieces[pieces.count - 1].count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }

    // MARK: - Tokens

    private func isWord(_ word: String, at index: Int) -> Bool {
        if case .word(let found) = tokens[index] { found.lowercased() == word } else { false }
    }

    private mutating func take(_ word: String) -> Bool {
        guard position < tokens.count, isWord(word, at: position) else { return false }
        position += 1
        return true
    }

    private func unexpected() -> RuleFault {
        guard position < tokens.count else { return RuleFault(line, "The condition ends too early.", .condition) }
        if tokens[position] == .word("near") { return aggregation() }
        let what =
            switch tokens[position] {
            case .word(let word): String(word.prefix(64))
            case .open: "("
            case .close: ")"
            case .pipe: "|"
            }
        return RuleFault(line, "The condition cannot be read at “\(what)”.", .condition)
    }

    private func aggregation() -> RuleFault {
        RuleFault(
            line, "Aggregations (“| count() …”, “near”) are obsolete; write a correlation rule.", .aggregation)
    }
}
