internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// `cordon actions`
struct ActionsVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "What hosts can be ordered to do: the catalogue, or one action of it.",
        discussion: """
            Needs no controller: it is the catalogue of this version. With the name of an action it shows that one: what it \
            is told, with units, bounds and defaults, and an example. `cordon act HOST ACTION --help` shows the same.

            EXAMPLES
              cordon actions
              cordon actions block_address
              cordon actions --json
              cordon actions --markdown > actions.md
            """)
    @Argument(help: "The action's name, as block_address.")
    var action: String?
    @Flag(help: "Print it as a document.")
    var markdown = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if markdown && output.json { throw ValidationError("Choose --markdown or --json.") }
        if markdown && action != nil { throw ValidationError("--markdown prints the whole catalogue.") }
        _ = try chosen()
    }

    func run() throws {
        guard !markdown else { return Terminal.print(CatalogueEntry.document) }
        guard let entry = try chosen() else {
            return output.show(ActionKind.allCases.map { Self.json($0.entry) }, as: Self.table, empty: "")
        }
        output.show(Self.json(entry)) { _ in ActionPage.lines(of: entry) }
    }

    private func chosen() throws -> CatalogueEntry? {
        guard let action else { return nil }
        guard let kind = ActionKind(rawValue: action) else {
            let names = ActionKind.allCases.map(\.rawValue)
            let nearest = NearestName.to(action, among: names).map { " Did you mean \($0)?" } ?? ""
            throw ValidationError(
                "There is no action “\(Terminal.safe(String(action.prefix(64))))”.\(nearest) `cordon actions` lists them."
            )
        }
        return kind.entry
    }

    private static func json(_ entry: CatalogueEntry) -> JSONValue {
        var example = JSONObject()
        for (name, value) in entry.example { example[name] = .text(value) }
        return [
            "kind": .text(entry.kind.rawValue), "capability": .text(entry.capability.rawValue),
            "parameters": .array(entry.parameters.map(json)), "precondition": .text(entry.precondition),
            "effect": .text(entry.effect), "proof": .text(entry.proof),
            "undo": entry.kind.undo.map { .text($0.rawValue) } ?? .null, "openc2": .text(entry.openC2),
            "example": .object(example),
        ]
    }

    private static func json(_ parameter: Parameter) -> JSONValue {
        var object = JSONObject()
        object["name"] = .text(parameter.name)
        object["required"] = .flag(parameter.isRequired)
        object["type"] = .text(parameter.kind.words)
        object["unit"] = parameter.kind.unit.map { .text($0) }
        object["minimum"] = parameter.kind.bounds.map { .integer($0.lowerBound) }
        object["maximum"] = parameter.kind.bounds.map { .integer($0.upperBound) }
        object["choices"] = parameter.kind.choices.map { .array($0.map { .text($0) }) }
        object["default"] = parameter.usual.map { .text($0) }
        object["example"] = .text(parameter.example)
        object["summary"] = .text(parameter.summary)
        return .object(object)
    }

    private static let table = Table(columns: [
        .member("ACTION", "kind"), .member("NEEDS", "capability"), .member("UNDONE BY", "undo"),
        .member("EFFECT", "effect"),
    ])
}

/// What one action is told, for people: `cordon actions ACTION`, `cordon act HOST ACTION --help`.
enum ActionPage {
    static func lines(of entry: CatalogueEntry) -> [String] {
        var lines = [Terminal.paint(entry.kind.rawValue, .bold), "", entry.effect, ""]
        lines.append(entry.parameters.isEmpty ? "It takes no parameters." : "PARAMETERS")
        for parameter in entry.parameters { lines += ["  \(head(of: parameter))", "      \(rest(of: parameter))"] }
        lines += [""]
        lines += Details.lines([
            ("Before", entry.precondition), ("Proof", entry.proof),
            ("Undone by", entry.kind.undo?.rawValue ?? "nothing"),
            ("Needs", entry.capability.rawValue),
        ])
        return lines + ["", "EXAMPLE", "  \(example(of: entry))"]
    }

    /// The page that somebody asks for who writes `cordon act HOST ACTION --help`; `nil` for anything else.
    static func asked(by words: [String]) -> [String]? {
        let words = words.prefix { $0 != "--" }
        guard words.first == "act", words.contains("--help") || words.contains("-h") else { return nil }
        return words.lazy.dropFirst().compactMap { ActionKind(rawValue: $0) }.first.map { lines(of: $0.entry) }
    }

    private static func head(of parameter: Parameter) -> String {
        let need = parameter.isRequired ? "required" : "optional"
        let usual = parameter.usual.map { "; \($0) unless given" } ?? ""
        return "\(Terminal.paint(parameter.name, .bold))  (\(need)) \(parameter.kind.words)\(usual)"
    }

    private static func rest(of parameter: Parameter) -> String {
        let option = file(of: parameter).map { " From a file by \($0)." } ?? ""
        let span = parameter.kind.unit == "seconds" ? ", or a span as 90s, 4h, 7d" : ""
        return "\(parameter.summary)\(option) As \(quoted("\(parameter.name)=\(parameter.example)"))\(span)."
    }

    /// `cordon act HOST block_address network=203.0.113.7 duration_s=3600 --reason '…'`
    private static func example(of entry: CatalogueEntry) -> String {
        let words = entry.example.map { name, value in
            entry.parameters.first { $0.name == name }.flatMap { file(of: $0) } ?? quoted("\(name)=\(value)")
        }
        return (["cordon act HOST", entry.kind.rawValue] + words + ["--reason 'case C-7' --wait"]).joined(
            separator: " ")
    }

    /// The option that reads the parameter from a file.
    private static func file(of parameter: Parameter) -> String? {
        switch parameter.kind {
        case .networks: "--list FILE"
        case .document: "--rules FILE"
        default: nil
        }
    }

    /// As a shell takes it for one word; no example has a quotation mark of that kind.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "_-./,:=+@".utf8.contains($0)
        }
        return isPlain ? word : "'\(word)'"
    }
}
