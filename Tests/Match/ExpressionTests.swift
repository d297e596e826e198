import CordonMatch
import Testing

@Suite("Expressions")
struct ExpressionTests {
    private func matches(_ source: String, _ text: String, _ options: Expression.Options = []) throws -> Bool {
        found(try Expression(source, options: options), Array(text.utf8))
    }

    private func found(_ expression: Expression, _ text: [UInt8]) -> Bool { expression.matches(text.span) }

    @Test("are searched anywhere, and anchored where they say")
    func search() throws {
        #expect(try matches("b+", "abbc"))
        #expect(try !matches("^b", "abc"))
        #expect(try matches("", ""))
        #expect(try matches("^.$", "€"))
        #expect(try matches("É", "é", .ignoresCase))
        #expect(try matches(#"\d{2}\s\w\b(?:x|y)?"#, "12 z"))
    }

    @Test("one that does not compile says where and why")
    func broken() {
        let error = #expect(throws: MatchError.self) { try Expression("a(b") }
        #expect(error?.message.contains("byte 3") == true)
        #expect(throws: MatchError.self) { try Expression(String(repeating: "a", count: Expression.longest + 1)) }
        #expect(throws: MatchError.self) { try Expression(#"\C"#) }
    }

    @Test("a search that costs too much is given up, counted, and does no harm to the next")
    func costly() throws {
        let expression = try Expression("^(a|aa)+$")
        let text = Array(String(repeating: "a", count: 60).utf8) + [0x62]
        #expect(!found(expression, text))
        #expect(expression.abandoned == 1)
        #expect(found(expression, Array("aaa".utf8)))
    }

    @Test("bytes that are not UTF-8 break nothing")
    func invalid() throws {
        let bytes: [UInt8] = [0xFF, 0xC3, 0x61, 0xE2, 0x82]
        #expect(try found(Expression("a"), bytes))
        #expect(try !found(Expression("b"), bytes))
        #expect(try !found(Expression(".b"), []))
    }

    @Test("several may search at once")
    func together() async throws {
        let expression = try Expression("needle$")
        let found = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask { expression.matches(Array((number.isMultiple(of: 2) ? "a needle" : "straw").utf8).span) }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(found == 32)
    }
}
