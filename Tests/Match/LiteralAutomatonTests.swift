import CordonMatch
import Testing

private struct Found: Hashable {
    var literal: Int
    var end: Int
}

@Suite("The automaton of literals")
struct LiteralAutomatonTests {
    private func scan(_ literals: [String], _ text: String) throws -> [Found] {
        let automaton = try LiteralAutomaton(literals.map { Array($0.utf8) })
        var found: [Found] = []
        automaton.scan(Array(text.utf8).span) { found.append(Found(literal: $0, end: $1)) }
        return found
    }

    @Test("finds literals inside, beside and over each other, whatever the case")
    func overlaps() throws {
        let found = try scan(["he", "she", "his", "hers"], "uSHErs")
        #expect(found == [Found(literal: 1, end: 4), Found(literal: 0, end: 4), Found(literal: 3, end: 6)])
    }

    @Test("finds the same as looking at every place does")
    func everyPlace() throws {
        let literals = ["a", "ab", "bab", "bc", "bca", "c", "caa", "aa/", "é", "éa"]
        let text = "abccab/bcaa/éaÉcaababcabé"
        let bytes = Array(text.utf8)
        var expected: Set<Found> = []
        for (number, literal) in literals.enumerated() {
            let wanted = Array(literal.utf8)
            for end in wanted.count...bytes.count where Array(bytes[(end - wanted.count)..<end]) == wanted {
                expected.insert(Found(literal: number, end: end))
            }
        }
        let found = try scan(literals, text)
        #expect(Set(found) == expected)
        #expect(found.count == expected.count)
    }

    @Test("finds nothing in nothing, and nothing where there are no literals")
    func nothing() throws {
        #expect(try scan(["a"], "").isEmpty)
        #expect(try scan([], "abc").isEmpty)
    }

    @Test("bytes that no literal has end every beginning")
    func strangers() throws {
        #expect(try scan(["ab"], "a\u{0}b a\u{FF}b").isEmpty)
    }

    @Test("literals that are too much for a table are refused")
    func capacity() {
        let long = [UInt8](repeating: 0x61, count: LiteralAutomaton.capacity + 1)
        #expect(throws: MatchError.self) { try LiteralAutomaton([long]) }
    }
}
