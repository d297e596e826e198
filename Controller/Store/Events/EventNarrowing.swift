internal import ControllerIntake
internal import CordonModel

/// What the index is asked for: an expression of FTS5 that holds for every event that the query means, and for some more.
///
/// The text is made of our own terms (`[a-z0-9]`), AND, OR, quotes and parentheses: nothing of a query stands in it as it came.
struct EventNarrowing {
    /// `nil` when the query says nothing that the index knows: then all events are looked at.
    let expression: String?

    init(_ query: EventQuery, host: AgentID?) {
        let terms = Self.terms(query).map { "(\($0) OR \"\(EventTerms.rest)\")" }
        let parts = [host.map { "\"\(EventTerms.host($0))\"" }, terms].compactMap { $0 }
        expression = parts.isEmpty ? nil : parts.joined(separator: " AND ")
    }

    private static func terms(_ query: EventQuery) -> String? {
        switch query {
        case .everything, .not: return nil
        case .all(let parts): return join(parts.compactMap(terms), "AND")
        case .any(let parts):
            let known = parts.compactMap(terms)
            return known.count == parts.count ? join(known, "OR") : nil
        case .words(let pattern): return words(pattern)
        case .field(let name, let test): return field(name, test)
        }
    }

    private static func join(_ parts: [String], _ word: String) -> String? {
        parts.isEmpty ? nil : "(" + parts.joined(separator: " \(word) ") + ")"
    }

    private static func words(_ pattern: TextPattern) -> String? {
        var found: [String] = []
        for run in pattern.runs {
            let words = Array(run.bytes.split(omittingEmptySubsequences: false) { !$0.isWordByte })
            for (index, word) in words.enumerated() where !word.isEmpty {
                // After a wildcard a word may begin before its first byte: it says nothing.
                if index == 0, run.openBefore { continue }
                let isOpen = index == words.count - 1 && run.openAfter
                let head = EventTerms.head(Array(word))
                found.append(term("w" + head.term, isPrefix: isOpen || head.isCut))
            }
        }
        return join(found, "AND")
    }

    private static func field(_ name: String, _ test: EventQuery.FieldTest) -> String? {
        // These are not among an event's terms.
        guard !["@timestamp", "event.created", "event.original"].contains(name) else { return nil }
        let code = EventTerms.code(of: name)
        switch test {
        case .present, .compare: return term(code + "e", isPrefix: false)
        case .text(let pattern):
            let head = EventTerms.head(pattern.head)
            guard !head.term.isEmpty || pattern.isLiteral else { return term(code + "e", isPrefix: false) }
            return term(code + "v" + head.term, isPrefix: !pattern.isLiteral || head.isCut)
        case .network(let network):
            return join(networks(network).map { term(code + $0.term, isPrefix: $0.isPrefix) }, "OR")
        }
    }

    /// The beginnings of all addresses of a network: a hexadecimal digit is four bits, so up to eight of them.
    private static func networks(_ network: Network) -> [(term: String, isPrefix: Bool)] {
        let whole = EventTerms.address(network.address)
        let digits = network.prefix / 4
        let odd = network.prefix % 4
        let stem = whole.prefix(1 + digits)
        guard odd > 0 else { return [(String(stem), digits * 4 < network.address.width)] }
        guard let first = whole.dropFirst(1 + digits).first?.hexDigitValue else { return [(String(stem), true)] }
        return (first..<first + (1 << (4 - odd))).map { digit in
            (String(stem) + String(digit, radix: 16), (digits + 1) * 4 < network.address.width)
        }
    }

    private static func term(_ text: String, isPrefix: Bool) -> String { "\"\(text)\"" + (isPrefix ? " *" : "") }
}
