import CordonMatch
import CordonModel
import CordonScan
import CordonSigma
import Testing

/// Answers a condition straight from the event, without index, automaton or sharing.
private struct Plainly {
    let event: [String: [String?]]
    let keywords: [String]

    func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .all(let parts): parts.allSatisfy(holds)
        case .any(let parts): parts.contains(where: holds)
        case .not(let part): !holds(part)
        case .keyword(let pattern, let isCased): keywords.contains { has($0, pattern, isCased) }
        case .field(let name, .pattern(let pattern, let isCased)):
            (event[name] ?? []).contains { value in value.map { has($0, pattern, isCased) } ?? false }
        case .field(let name, .exists(let isThere)): (event[name] != nil) == isThere
        case .field(let name, .isNull): event[name].map { $0.contains(nil) } ?? true
        case .field: false
        }
    }

    private func has(_ text: String, _ pattern: Wildcards, _ isCased: Bool) -> Bool {
        let fold: (String) -> String = { isCased ? $0 : $0.lowercased() }
        return has(
            Array(fold(text).unicodeScalars)[...],
            pattern.parts.map { part in
                if case .literal(let literal) = part { Wildcards.Part.literal(fold(literal)) } else { part }
            }[...])
    }

    private func has(_ text: ArraySlice<Unicode.Scalar>, _ parts: ArraySlice<Wildcards.Part>) -> Bool {
        guard let part = parts.first else { return text.isEmpty }
        let rest = parts.dropFirst()
        switch part {
        case .literal(let literal):
            let scalars = Array(literal.unicodeScalars)
            return text.starts(with: scalars) && has(text.dropFirst(scalars.count), rest)
        case .anyOne: return !text.isEmpty && has(text.dropFirst(), rest)
        case .anyRun: return (0...text.count).contains { has(text.dropFirst($0), rest) }
        }
    }
}

/// SplitMix64: the same rules and events in every run.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func text(_ length: ClosedRange<Int>) -> String {
        let alphabet = ["a", "b", "A", "B", "é", "É", "/", " ", "\u{212A}", "k"]
        return (0..<Int.random(in: length, using: &self)).map { _ in alphabet.randomElement(using: &self) ?? "" }
            .joined()
    }

    mutating func pattern() -> Wildcards {
        var pattern = Wildcards()
        for _ in 0..<Int.random(in: 1...5, using: &self) {
            switch Int.random(in: 0..<4, using: &self) {
            case 0: pattern.append(.anyRun)
            case 1: pattern.append(.anyOne)
            default: pattern.append(.literal(text(1...3)))
            }
        }
        return pattern
    }

    mutating func condition(_ depth: Int) -> Condition {
        let field = ["x", "y", "z"].randomElement(using: &self) ?? "x"
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &self) {
        case 0: return .keyword(Wildcards([.anyRun] + pattern().parts + [.anyRun]), isCased: Bool.random(using: &self))
        case 1:
            return Bool.random(using: &self)
                ? .field(field, .isNull) : .field(field, .exists(Bool.random(using: &self)))
        case 2...5: return .field(field, .pattern(pattern(), isCased: Int.random(in: 0..<4, using: &self) == 0))
        case 6: return .not(condition(depth - 1))
        case 7, 8: return .all((0..<Int.random(in: 0...3, using: &self)).map { _ in condition(depth - 1) })
        default: return .any((0..<Int.random(in: 0...3, using: &self)).map { _ in condition(depth - 1) })
        }
    }

    mutating func event() -> [String: [String?]] {
        var event: [String: [String?]] = [:]
        for field in ["x", "y", "z"] where Int.random(in: 0..<4, using: &self) > 0 {
            event[field] = (0..<Int.random(in: 1...2, using: &self)).map { _ in
                Int.random(in: 0..<8, using: &self) == 0 ? nil : text(0...8)
            }
        }
        return event
    }
}

@Suite("The index")
struct IndexPropertyTests {
    @Test("finds what looking at every rule plainly finds", arguments: [1, 2, 3, 4] as [UInt64])
    func agrees(_ seed: UInt64) throws {
        var dice = Dice(state: seed)
        let rules = (0..<150).map { rule("\($0)", dice.condition(3)) }
        var matcher = SigmaMatcher(try SigmaEngine(rules))
        var matches = 0
        for _ in 0..<150 {
            let event = dice.event()
            let members = event.map { ($0.key, JSONValue.array($0.value.map { $0.map(JSONValue.text) ?? .null })) }
            var object = JSONObject()
            for (name, value) in members { object[name] = value }
            let plainly = Plainly(event: event, keywords: event.values.flatMap(\.self).compactMap(\.self))
            let expected = rules.filter { plainly.holds($0.condition) }.map(\.id)
            matches += expected.count
            let found = matcher.matches(SigmaRecord(object)).map(\.id)
            #expect(found == expected, "\(event)")
        }
        #expect(matches > 500)
    }
}
