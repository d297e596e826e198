internal import CordonModel

/// One table of a host as it is now, for `live_table`.
package struct LiveTable: Sendable, Hashable {
    /// The tables that there are, which a triage cuts all of, in this order: what is most fleeting first.
    package enum Name: String, Sendable, Hashable, CaseIterable {
        case processes, sockets
        case openFiles = "open_files"
        case logins, modules, mounts, firewall, host, accounts, persistence
        case recentFiles = "recent_files"
        case packages
    }

    /// Which rows are wanted: those whose member says so.
    package struct Condition: Sendable, Hashable {
        /// The member's name.
        package var field: String
        /// What it says, with `*` for any run of characters and `?` for any one; a number in decimal digits. Of several
        /// values, any.
        package var value: String

        package init(field: String, value: String) {
            self.field = field
            self.value = value
        }
    }

    package var name: Name
    /// Every row where there is none.
    package var condition: Condition?
    package var mostRows: Int64
    /// What is not told in that time is left out, and that is said.
    package var patience: Duration

    /// Rows unless the order says how many.
    package static let usualRows: Int64 = 1000
    /// How long it may take unless the order says so.
    package static let usualPatience: Duration = .seconds(20)
    /// Bytes of evidence at most: the rows, and what is said of them.
    package static let mostBytes: Int64 = 9 << 20

    package init(
        name: Name, condition: Condition? = nil, mostRows: Int64 = usualRows, patience: Duration = usualPatience
    ) {
        self.name = name
        self.condition = condition
        self.mostRows = mostRows
        self.patience = patience
    }

    init(_ given: GivenParameters) throws(ActionError) {
        name = try given.choice("table", of: Name.self)
        if let field = given.optionalText("field") {
            condition = Condition(field: field, value: try given.text("value"))
        } else if given.optionalText("value") != nil {
            _ = try given.text("field")
        }
        mostRows = given.optionalNumber("most_rows") ?? Self.usualRows
        patience = given.optionalNumber("time_s").map { .seconds($0) } ?? Self.usualPatience
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = [
            "table": .text(name.rawValue), "most_rows": .number(mostRows), "time_s": .number(patience.wholeSeconds),
        ]
        if let condition {
            parameters["field"] = .text(condition.field)
            parameters["value"] = .text(condition.value)
        }
        return parameters
    }
}

extension CatalogueEntry {
    static let liveTable = CatalogueEntry(
        kind: .liveTable, capability: .processes,
        parameters: [
            .required(
                "table", .choice(LiveTable.Name.allCases.map(\.rawValue)), "Which; they are those of a triage."),
            .optional("field", .label, "Only rows that have this member, and in it the value.", example: "name"),
            .optional(
                "value", .words(256),
                "What the member says, with * and ?; a number in decimal digits. Of several values, any."),
            .optional("most_rows", .number(1...50_000), "Rows.", usual: "\(LiveTable.usualRows)"),
            .optional(
                "time_s", .seconds(2...120),
                "What is not told in that time is left out, and that is said.",
                usual: "\(LiveTable.usualPatience.wholeSeconds)"),
        ],
        precondition: "Room for it in the host's evidence and in the hour's bytes.",
        effect:
            "Nothing changes. The rows are evidence of the order, as NDJSON: the first line says when they were told, how "
            + "many there are, whether that is all, and what could not be looked into; each other line is a row. "
            + "`cordon host table` orders it, waits, and shows them. No environments, password hashes or private keys.",
        proof: "How many rows, and whether they are all. Probe: evidence_kept.", openC2: "query x-cordon:table")
}
