internal import CordonModel

/// Parameters of `disable_cron_entry`: cron runs it no longer.
package struct CronEntry: Sendable, Hashable {
    /// The table, or the script, absolute.
    package var path: String
    /// The table's whole line; `nil` for a script.
    package var line: String?

    package init(path: String, line: String?) {
        self.path = path
        self.line = line
    }

    init(_ given: GivenParameters) throws(ActionError) {
        path = try given.text("path")
        line = given.optionalText("entry")
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = ["path": .text(path)]
        if let line { parameters["entry"] = .text(line) }
        return parameters
    }

    /// For people.
    var words: String { line.map { "“\($0)” of \(path)" } ?? path }
}

extension CatalogueEntry {
    static let disableCronEntry = CatalogueEntry(
        kind: .disableCronEntry, capability: .files,
        parameters: [
            .required(
                "path", .path,
                "`/etc/crontab`, `/etc/anacrontab`, `/etc/cron.d/NAME`, `/var/spool/cron/crontabs/USER` (cronie: "
                    + "`/var/spool/cron/USER`), or a script of `/etc/cron.hourly`, `daily`, `weekly`, `monthly`, `yearly`."
            ),
            .optional(
                "entry", .line,
                "Of a table, the whole line as `triage` shows it among persistence; blanks before and after do not "
                    + "count. Of a script, none."),
        ],
        precondition:
            "The table has the line, or the script may be executed; a regular file without links. Not a file of a "
            + "package (but `/etc/crontab`), and not the table of a user whom the policy protects. A job of at(1) is "
            + "taken as a file (`quarantine_file`): atd removes one that may not be executed.",
        effect:
            "The line becomes a comment in its place that names the order, and the table gets a new time of change, by which "
            + "cron reads it again within a minute; of a script the execute bits go. Everything else about the file stays. "
            + "It holds until it is undone: whoever adds the line again finds it a comment again, and that is told. "
            + "What runs already goes on; the same command on another line, or with other times, is another entry.",
        proof: "The file read again; probe: cron_entry_off.", openC2: "stop x-cordon:cron_entry")

    static let enableCronEntry = CatalogueEntry(
        kind: .enableCronEntry, capability: .files, parameters: [.undone], precondition: "The file is there.",
        effect:
            "The line is what it was, and so is its file with all its times where nobody changed it since; the script may "
            + "be executed again.",
        proof: "Probe: cron_entry_on.", openC2: "allow x-cordon:order, args.x-cordon.did disable_cron_entry")
}
