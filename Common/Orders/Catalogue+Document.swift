internal import CordonModel

extension CatalogueEntry {
    /// The whole catalogue as Markdown: Documentation/actions.md.
    package static var document: String {
        var lines = [
            "# What hosts can be ordered to do", "",
            "`cordon actions --markdown` prints this document from the code; a test compares the two. Local policy on the host",
            "(`/etc/cordon/policy.d/`) says which of it is allowed there, and bounds it.", "",
        ]
        for kind in ActionKind.allCases { lines += kind.entry.section }
        return lines.joined(separator: "\n")
    }

    private var section: [String] {
        var lines = ["## `\(kind.rawValue)`", "", "| | |", "|---|---|", "| effect | \(effect) |"]
        for parameter in parameters {
            let need = parameter.isRequired ? "" : ", optional"
            let usual = parameter.usual.map { " `\($0)` unless given." } ?? ""
            lines.append(
                "| parameter `\(parameter.name)` | \(parameter.kind.words)\(need). \(parameter.summary)\(usual) |")
        }
        if !precondition.isEmpty { lines.append("| before | \(precondition) |") }
        let example = example.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        if !example.isEmpty { lines.append("| example | `\(example)` |") }
        lines.append("| proof | \(proof) |")
        lines.append("| undone by | \(kind.undo.map { "`\($0.rawValue)`" } ?? "–") |")
        lines.append("| needs | \(capability.rawValue) |")
        lines.append("| OpenC2 | \(openC2) |")
        return lines + [""]
    }
}
