import CordonMatch
import Testing

@Suite("Wildcards")
struct WildcardsTests {
    @Test("neighbouring literals are one, empty ones none, and a run of stars is one star")
    func joins() {
        let pattern = Wildcards([.literal("a"), .literal(""), .literal("b"), .anyRun, .anyRun, .anyOne])
        #expect(pattern.parts == [.literal("ab"), .anyRun, .anyOne])
    }
}
