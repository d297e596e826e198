internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// `cordon actions`
struct ActionsVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "What hosts can be ordered to do: the catalogue.",
        discussion: """
            Needs no controller: it is the catalogue of this version.

            EXAMPLES
              cordon actions
              cordon actions --json
              cordon actions --markdown > actions.md
            """)
    @Flag(help: "Print it as a document.")
    var markdown = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if markdown && output.json { throw ValidationError("Choose --markdown or --json.") }
    }

    func run() throws {
        guard !markdown else { return Terminal.print(CatalogueEntry.document) }
        output.show(ActionKind.allCases.map { Self.json($0.entry) }, as: Self.table, empty: "")
    }

    private static func json(_ entry: CatalogueEntry) -> JSONValue {
        [
            "kind": .text(entry.kind.rawValue), "capability": .text(entry.capability.rawValue),
            "parameters": .array(
                entry.parameters.map {
                    [
                        "name": .text($0.name), "required": .flag($0.isRequired), "type": .text($0.kind.words),
                        "summary": .text($0.summary),
                    ]
                }), "precondition": .text(entry.precondition), "effect": .text(entry.effect),
            "proof": .text(entry.proof), "undo": entry.kind.undo.map { .text($0.rawValue) } ?? .null,
            "openc2": .text(entry.openC2),
        ]
    }

    private static let table = Table(columns: [
        .member("ACTION", "kind"), .member("NEEDS", "capability"), .member("UNDONE BY", "undo"),
        .member("EFFECT", "effect"),
    ])
}
