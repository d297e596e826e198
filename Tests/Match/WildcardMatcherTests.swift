import CordonMatch
import Testing

@Suite("Wildcard matching")
struct WildcardMatcherTests {
    private func matches(_ parts: [Wildcards.Part], _ text: String, isCased: Bool = false) -> Bool {
        WildcardMatcher(Wildcards(parts), isCased: isCased).matches(Array(text.utf8).span)
    }

    @Test("a pattern without wildcards is the whole text")
    func whole() {
        #expect(matches([.literal("foo")], "FOO"))
        #expect(!matches([.literal("foo")], "foobar"))
        #expect(!matches([.literal("foo")], "fo"))
        #expect(matches([], ""))
        #expect(!matches([], "x"))
        #expect(!matches([.literal("Foo")], "foo", isCased: true))
    }

    @Test("a star is any run, the empty one too, and tries every way")
    func stars() {
        #expect(matches([.literal("a"), .anyRun, .literal("b")], "ab"))
        #expect(matches([.literal("a"), .anyRun, .literal("ab")], "aabab"))
        #expect(!matches([.literal("ab"), .anyRun, .literal("b")], "ab"))
        #expect(matches([.anyRun, .literal("b"), .anyRun, .literal("b")], "abcb"))
        #expect(!matches([.anyRun, .literal("b"), .anyRun, .literal("b")], "acb"))
        #expect(matches([.anyRun], ""))
    }

    @Test("a question mark is one scalar, however many bytes it has")
    func questionMarks() {
        #expect(matches([.literal("a"), .anyOne, .literal("b")], "a€b"))
        #expect(!matches([.literal("a"), .anyOne, .literal("b")], "a€€b"))
        #expect(matches([.anyRun, .anyOne, .anyOne], "€€"))
        #expect(!matches([.anyRun, .anyOne, .anyOne], "€"))
        #expect(matches([.anyRun, .anyOne, .literal("x"), .anyRun, .anyOne], "€x€"))
    }

    @Test("a long text with many near misses is done in time that is the product of the lengths")
    func nearMisses() {
        let parts = (0..<12).flatMap { _ in [Wildcards.Part.anyRun, .literal("aab")] } + [.anyRun, .literal("c")]
        #expect(!matches(parts, String(repeating: "a", count: 20_000)))
    }

    @Test("folding is ASCII's, and Unicode's small letters for the rest")
    func folding() {
        #expect(Folding.fold("ÄB{@[`Z") == Array("äb{@[`z".utf8))
        #expect(Folding.fold("\u{212A}") == Array("k".utf8))
        #expect(Folding.fold([0x41, 0xFF]) == Array("a\u{FFFD}".utf8))
    }
}
