internal import CordonScan

/// What of the numbered lines is at the controller, by its own database.
package struct DurabilityVerdict: Sendable {
    /// Lines that were written.
    package let lines: Int
    /// Times that the agent or the controller was killed.
    package let kills: Int
    /// Lines that are missing and that no gap tells of.
    package let lost: Int
    /// Lines that are there more than once, counted beyond the first.
    package let duplicated: Int
    /// Lines that gaps tell of.
    package let gapsReported: Int
    /// For the one who looks for a fault: which lines are missing (first and last of each range), and what gaps say.
    package let detail: String

    /// The object that `--json` prints.
    package var json: String {
        "{\"lines\":\(lines),\"kills\":\(kills),\"lost\":\(lost),\"duplicated\":\(duplicated),\"gaps_reported\":\(gapsReported)}"
    }

    init(lines: Int, kills: Int, database folder: String, in lab: Lab) throws {
        let text = try lab.command(["python3", "-c", Self.script, folder, "\(lines)"], patience: .seconds(300)).must()
        let found = try JSONValue.parse(text)
        func number(_ name: String) -> Int { found[name]?.integer.flatMap { Int(exactly: $0) } ?? -1 }
        self.lines = lines
        self.kills = kills
        duplicated = number("duplicated")
        gapsReported = number("gaps")
        detail = "missing \(found["missing"] ?? []), told \(found["told"] ?? [])"
        lost = max(0, lines - number("distinct") - gapsReported)
    }

    /// How many events the controller has.
    static func count(_ folder: String, in lab: Lab) throws -> Int {
        let text = try lab.command(["python3", "-c", script, folder, "count"], patience: .seconds(60)).must()
        return Int(text.split(separator: "\n").first ?? "") ?? 0
    }

    /// Looks into the table of events of each day's database: the line stands as it is in an event's content.
    private static let script = """
        import glob, json, re, sqlite3, sys
        folder, wanted = sys.argv[1], sys.argv[2]
        numbers, gaps, count, told = [], 0, 0, []
        for path in sorted(glob.glob(folder + '/**/*.sqlite', recursive=True)):
            base = sqlite3.connect('file:' + path + '?mode=ro', uri=True, timeout=30)
            for (table,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                columns = [row[1] for row in base.execute('PRAGMA table_info("%s")' % table)]
                if table == 'intake_gap' and wanted != 'count':
                    for (document,) in base.execute('SELECT document FROM intake_gap'):
                        gap = json.loads(document)
                        # What the link noticed is what the spool told of already.
                        if gap['source'] != 'link':
                            gaps += gap['items']
                            told.append(gap)
                if table != 'event' or 'content' not in columns:
                    continue
                if wanted == 'count':
                    count += base.execute('SELECT COUNT(*) FROM event').fetchone()[0]
                    continue
                for (content,) in base.execute('SELECT content FROM event'):
                    found = re.search(rb'durability\\[1\\]: line (\\d{9}) of', content)
                    if found:
                        numbers.append(int(found.group(1)))
            base.close()
        if wanted == 'count':
            print(count)
        else:
            distinct = set(n for n in numbers if n < int(wanted))
            missing = sorted(set(range(int(wanted))) - distinct)
            ranges = []
            for number in missing:
                if ranges and ranges[-1][1] == number - 1:
                    ranges[-1][1] = number
                else:
                    ranges.append([number, number])
            print(json.dumps({'distinct': len(distinct), 'duplicated': len(numbers) - len(set(numbers)), 'gaps': gaps,
                              'missing': ranges[:20], 'told': told[:20]}))
        """
}
