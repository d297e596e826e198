/// Reads conditions: the STIX grammar, and the liberal forms that are in circulation (`__x__`, `__x__.value`, bare
/// words, `==`).
struct ConditionParser {
    /// What it does not accept, for people.
    struct SyntaxError: Error {
        let message: String
        /// In bytes from the start.
        let offset: Int
    }

    /// Bytes of a condition.
    static let longest = 8192
    /// Nested parentheses.
    static let deepest = 64

    private let tokens: [ConditionToken]
    private let end: Int
    private var position = 0
    private var depth = 0

    /// Reads the whole text.
    static func parse(_ text: String) throws(SyntaxError) -> Condition {
        guard text.utf8.count <= longest else {
            throw SyntaxError(message: "it is longer than \(longest) bytes", offset: longest)
        }
        var lexer = ConditionLexer(text)
        var parser = ConditionParser(tokens: try lexer.tokens(), end: text.utf8.count)
        let condition = try parser.disjunction()
        guard parser.position == parser.tokens.count else { throw parser.unexpected("the end") }
        return condition
    }

    private init(tokens: [ConditionToken], end: Int) {
        self.tokens = tokens
        self.end = end
    }

    private var token: ConditionToken.Kind? { position < tokens.count ? tokens[position].kind : nil }

    private func unexpected(_ wanted: String) -> SyntaxError {
        guard position < tokens.count else {
            return SyntaxError(message: "\(wanted) is missing at its end", offset: end)
        }
        return SyntaxError(message: "\(wanted) is expected", offset: tokens[position].offset)
    }

    private mutating func take(word: String) -> Bool {
        guard case .word(let text)? = token, text.uppercased() == word else { return false }
        position += 1
        return true
    }

    private mutating func take(sign: String) -> Bool {
        guard case .sign(let text)? = token, text == sign else { return false }
        position += 1
        return true
    }

    private mutating func disjunction() throws(SyntaxError) -> Condition {
        var left = try conjunction()
        while take(word: "OR") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(SyntaxError) -> Condition {
        var left = try test()
        while take(word: "AND") { left = .and(left, try test()) }
        return left
    }

    private mutating func test() throws(SyntaxError) -> Condition {
        if take(sign: "(") {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.deepest else { throw unexpected("a condition with fewer parentheses") }
            let inner = try disjunction()
            guard take(sign: ")") else { throw unexpected("“)”") }
            return inner
        }
        let startsNegated = take(word: "NOT")
        if take(word: "EXISTS") {
            guard case .variable(let name) = try operand() else { throw unexpected("a variable after EXISTS") }
            return .exists(name, negated: startsNegated)
        }
        guard !startsNegated else { throw unexpected("EXISTS after NOT") }
        return try comparison()
    }

    private mutating func comparison() throws(SyntaxError) -> Condition {
        let left = try operand()
        let negated = take(word: "NOT")
        if take(word: "IN") { return .within(left, try set(), negated: negated) }
        if let operation = takeOperator() {
            return .compare(left, operation, try operand(), negated: negated)
        }
        guard !negated, case .variable(let name) = left else { throw unexpected("a comparison") }
        return .truth(name)
    }

    private mutating func takeOperator() -> Condition.Operator? {
        let found: Condition.Operator? =
            switch token {
            case .sign("=")?, .sign("==")?: .equal
            case .sign("!=")?, .sign("<>")?: .notEqual
            case .sign(let text)?: Condition.Operator(rawValue: text)
            case .word(let text)?: Condition.Operator(rawValue: text.uppercased())
            default: nil
            }
        if found != nil { position += 1 }
        return found
    }

    /// `('a', 'b')`, or one operand without parentheses.
    private mutating func set() throws(SyntaxError) -> [Condition.Operand] {
        guard take(sign: "(") else { return [try operand()] }
        var members = [try operand()]
        while take(sign: ",") { members.append(try operand()) }
        guard take(sign: ")") else { throw unexpected("“,” or “)”") }
        return members
    }

    private mutating func operand() throws(SyntaxError) -> Condition.Operand {
        let operand: Condition.Operand
        switch token {
        case .variable(let name)?: operand = .variable(name)
        case .text(let text)?: operand = .text(text)
        case .number(let text)?: operand = .number(text)
        case .tagged(let tag, let text)?: operand = .tagged(tag, text)
        case .word("true")?: operand = .flag(true)
        case .word("false")?: operand = .flag(false)
        case .word(let text)? where !Self.reserved.contains(text.uppercased()): operand = .bare(text)
        default: throw unexpected("a variable or a value")
        }
        position += 1
        return operand
    }

    private static let reserved: Set<String> = [
        "AND", "OR", "NOT", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "EXISTS",
    ]
}
