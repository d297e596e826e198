import CordonModel
import CordonOrders
import CordonTesting
import FoundationEssentials
import Testing

@Suite("The catalogue of actions")
struct CatalogueTests {
    @Test("Documentation/actions.md is what the code says")
    func document() throws {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try #require(FileManager.default.contents(atPath: "/\(package)/Documentation/actions.md"))
        let written = String(decoding: bytes, as: UTF8.self)
        #expect(
            written == CatalogueEntry.document + "\n",
            "print it anew: cordon actions --markdown > Documentation/actions.md")
    }

    @Test(
        "an entry is about its kind, says what the kind does, and names no parameter twice",
        arguments: ActionKind.allCases)
    func entries(_ kind: ActionKind) {
        let entry = kind.entry
        #expect(entry.kind == kind)
        #expect(!entry.effect.isEmpty && !entry.proof.isEmpty && !entry.openC2.isEmpty)
        #expect(Set(entry.parameters.map(\.name)).count == entry.parameters.count)
        #expect(entry.parameters.allSatisfy { !$0.summary.isEmpty })
    }

    @Test("what a kind is told is what its entry names", arguments: Samples.actions)
    func parameters(_ action: Action) throws {
        let names = Set(action.kind.entry.parameters.map(\.name))
        #expect(Set(action.parameters.keys).isSubset(of: names))
        #expect(Set(action.kind.entry.parameters.filter(\.isRequired).map(\.name)).isSubset(of: action.parameters.keys))
        #expect(try Action(kind: action.kind.rawValue, parameters: action.parameters) == action)
    }

    @Test("an action's undo is of the kind that its kind names", arguments: Samples.actions)
    func undoing(_ action: Action) { #expect(action.undo(of: OrderID(Samples.id))?.kind == action.kind.undo) }

    @Test(
        "an undo takes no more than what it undoes", arguments: ActionKind.allCases.filter { $0.undo != nil })
    func undo(_ kind: ActionKind) throws {
        let undo = try #require(kind.undo)
        #expect(undo.isUndo && !kind.isUndo && undo.undo == nil)
        #expect(undo.entry.capability == kind.entry.capability)
    }
}
