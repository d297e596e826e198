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
            lines.append("| parameter `\(parameter.name)` | \(parameter.kind.words)\(need). \(parameter.summary) |")
        }
        if !precondition.isEmpty { lines.append("| before | \(precondition) |") }
        lines.append("| proof | \(proof) |")
        lines.append("| undone by | \(kind.undo.map { "`\($0.rawValue)`" } ?? "–") |")
        lines.append("| needs | \(capability.rawValue) |")
        lines.append("| OpenC2 | \(openC2) |")
        return lines + [""]
    }
}

extension Parameter.Kind {
    /// In words, for people.
    package var words: String {
        switch self {
        case .number(let range):
            range.upperBound == .max
                ? "number from \(range.lowerBound)" : "number \(range.lowerBound) to \(range.upperBound)"
        case .seconds(let range): "seconds, \(range.lowerBound) to \(range.upperBound)"
        case .path: "absolute path"
        case .network: "address or network"
        case .choice(let words): words.joined(separator: ", ")
        case .flag: "true or false"
        case .digest: "SHA-256, hexadecimal"
        case .identifier: "UUID"
        case .userName: "name of a user"
        case .unitName: "name of a systemd unit"
        case .keyFingerprint: "SHA256: and 43 characters of base64"
        case .label: "1 to 32 lower-case letters, digits, - and _"
        case .networks: "at most \(AddressList.most) networks"
        case .document(let most): "a text of at most \(most) bytes"
        case .words(let most): "a line of at most \(most) bytes"
        case .domain: "domain, at most \(DomainName.longest) characters"
        case .line: "one line, at most \(Parameter.longestLine) bytes"
        case .ports: "ports, as tcp/22,udp/1000-2000, at most \(PortRange.mostInList)"
        }
    }
}
