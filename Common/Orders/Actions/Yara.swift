internal import CordonModel
internal import CordonTrust

/// Rules of YARA, and what is matched with them, for `yara_scan`.
package struct YaraScan: Sendable, Hashable {
    /// What is looked at.
    package enum Place: Sendable, Hashable {
        /// A file, or a folder with all below it on its file system. Absolute.
        case tree(String)
        /// The memory of one process alone.
        case memory(ProcessTarget)
    }

    /// Source text, which the host compiles: no `include`, and of modules only those that look at what they are given.
    package var rules: String
    package var place: Place
    package var mostFiles: Int64
    /// Larger files are left out. Bytes.
    package var mostFileBytes: Int64
    /// What is not looked at in that time is left out, and that is said.
    package var patience: Duration

    /// Bytes of rules in one order.
    package static let longestRules = 65_536
    package static let usualFiles: Int64 = 100_000
    package static let usualFileBytes: Int64 = 64 << 20
    package static let usualPatience: Duration = .seconds(120)
    /// Bytes of evidence at most: the matches, and what is said of them.
    package static let mostBytes: Int64 = 9 << 20

    package init(
        rules: String, place: Place, mostFiles: Int64 = usualFiles, mostFileBytes: Int64 = usualFileBytes,
        patience: Duration = usualPatience
    ) {
        self.rules = rules
        self.place = place
        self.mostFiles = mostFiles
        self.mostFileBytes = mostFileBytes
        self.patience = patience
    }

    init(_ given: GivenParameters) throws(ActionError) {
        rules = try given.text("rules")
        if try given.eitherIsGiven("path", "pid") {
            place = .tree(try given.text("path"))
        } else {
            _ = try given.number("start_time")
            place = .memory(try ProcessTarget(given))
        }
        mostFiles = given.optionalNumber("most_files") ?? Self.usualFiles
        mostFileBytes = given.optionalNumber("most_file_bytes") ?? Self.usualFileBytes
        patience = given.optionalNumber("time_s").map { .seconds($0) } ?? Self.usualPatience
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = [
            "rules": .text(rules), "most_files": .number(mostFiles), "most_file_bytes": .number(mostFileBytes),
            "time_s": .number(patience.wholeSeconds),
        ]
        switch place {
        case .tree(let path): parameters["path"] = .text(path)
        case .memory(let target):
            parameters.merge(target.parameters) { first, _ in first }
            parameters["scope"] = nil
        }
        return parameters
    }

    /// The rules in short.
    package var ruleWords: String {
        "\(rules.utf8.count) bytes of rules, SHA-256 \(Fingerprint(of: Array(rules.utf8)))"
    }

    var placeWords: String {
        switch place {
        case .tree(let path): path
        case .memory(let target): "the memory of process \(target.pid)"
        }
    }
}

extension CatalogueEntry {
    static let yaraScan = CatalogueEntry(
        kind: .yaraScan, capability: .files,
        parameters: [
            .required("rules", .document(YaraScan.longestRules), "Rules of YARA, as source text."),
            .optional("path", .path, "The file or folder; this, or a process, is to be given."),
        ]
            + oneProcess.map { .optional($0.name, $0.kind, $0.summary, example: $0.example) } + [
                .optional(
                    "most_files", .number(1...1_000_000), "Files that are looked at.", usual: "\(YaraScan.usualFiles)"),
                .optional(
                    "most_file_bytes", .bytes(1...268_435_456),
                    "Larger files are left out; of a process's memory, so much is looked at.",
                    usual: "\(YaraScan.usualFileBytes)"),
                .optional(
                    "time_s", .seconds(5...600),
                    "What is not looked at in that time is left out, and that is said.",
                    usual: "\(YaraScan.usualPatience.wholeSeconds)"),
            ],
        precondition:
            "The package cordon-yara is installed there. For memory, local policy says `collect_memory = true`, and the process "
            + "runs, with that start time, and is none that is protected. Room in the host's evidence and in the hour's bytes.",
        effect:
            "Nothing changes. A process apart compiles the rules and matches them: without capabilities, network or any way to "
            + "open a file, within bounds of memory and time; `include` and the modules magic, cuckoo and console are refused. It "
            + "is given one open file after another, of the tree's own file system: no link is followed, and no file with "
            + "secrets (as for `collect_file`), device or pipe is opened. Matches are evidence of the order, as NDJSON: the first "
            + "line says what was looked at and what was not; each other line is a rule that matched, with the file's hash and "
            + "where its strings are, without what they hold.",
        proof: "Files, bytes, and how many matched; what was left out. Probe: evidence_kept.",
        openC2: "scan file, or scan process, args.x-cordon.rules")
}
