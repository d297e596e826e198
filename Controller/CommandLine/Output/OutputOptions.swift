internal import ArgumentParser
internal import CordonScan

/// How a verb answers.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON, one object a line.")
    var json = false

    /// A list: as a table for people, or an object a line.
    func show(_ items: [JSONValue], as table: Table, empty: String) {
        if json {
            for item in items { Terminal.print(item) }
        } else if items.isEmpty {
            Terminal.print(empty)
        } else {
            for line in table.lines(of: items) { Terminal.print(line) }
        }
    }

    /// One thing: as lines for people, or as one object.
    func show(_ item: JSONValue, _ lines: (JSONValue) -> [String]) {
        if json {
            Terminal.print(item)
        } else {
            for line in lines(item) { Terminal.print(line) }
        }
    }
}

/// `name: value` lines.
enum Details {
    static func lines(_ pairs: [(String, String?)]) -> [String] {
        let width = pairs.map(\.0.count).max() ?? 0
        return pairs.compactMap { name, value in
            guard let value, !value.isEmpty else { return nil }
            let label = name + String(repeating: " ", count: width - name.count)
            return Terminal.paint(label, .faint) + "  " + Terminal.safe(value)
        }
    }
}
