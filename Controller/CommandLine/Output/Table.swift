internal import CordonScan

/// How one kind of thing stands in a list.
struct Table: Sendable {
    struct Column: Sendable {
        let title: String
        let text: @Sendable (JSONValue) -> String
        var colour: @Sendable (JSONValue) -> Terminal.Colour? = { _ in nil }
    }

    let columns: [Column]
    /// Cells longer than this are cut, but for the last column's.
    var widest = 48

    /// The lines of the list, titles first.
    func lines(of items: [JSONValue]) -> [String] {
        let cells = items.map { item in columns.map { shortened(Terminal.safe($0.text(item))) } }
        let widths = columns.indices.map { column in
            max(columns[column].title.count, cells.map { $0[column].count }.max() ?? 0)
        }
        let head = Terminal.paint(row(columns.map(\.title), widths) { _ in nil }, .bold)
        return [head] + zip(cells, items).map { cells, item in row(cells, widths) { columns[$0].colour(item) } }
    }

    /// One line without a title, for following live.
    func line(of item: JSONValue) -> String {
        columns.map { column in
            Terminal.paint(shortened(Terminal.safe(column.text(item))), column.colour(item))
        }.joined(separator: "  ")
    }

    private func row(_ cells: [String], _ widths: [Int], _ colour: (Int) -> Terminal.Colour?) -> String {
        cells.indices.map { index in
            let isLast = index == cells.count - 1
            let padding = isLast ? "" : String(repeating: " ", count: widths[index] - cells[index].count)
            return Terminal.paint(cells[index], colour(index)) + padding
        }.joined(separator: "  ")
    }

    private func shortened(_ text: String) -> String {
        text.count > widest ? text.prefix(widest - 1) + "…" : text
    }
}

extension Table.Column {
    /// A member's text as it is.
    static func member(_ title: String, _ name: String) -> Self {
        Self(title: title, text: { $0[name]?.text ?? $0[name]?.integer.map(String.init) ?? "-" })
    }

    /// An instant, to the second.
    static func instant(_ title: String, _ name: String) -> Self {
        Self(title: title, text: { $0[name]?.text.map { Shown.instant($0) } ?? "-" })
    }

    /// A severity in its colour.
    static let severity = Self(
        title: "SEVERITY", text: { $0["severity"]?.text ?? "-" },
        colour: { Shown.colour(severity: $0["severity"]?.text) })

    /// A state in its colour.
    static func state(_ name: String = "state") -> Self {
        Self(title: name.uppercased(), text: { $0[name]?.text ?? "-" }, colour: { Shown.colour(state: $0[name]?.text) })
    }
}

/// How values look to people.
enum Shown {
    /// `2026-11-21 01:09:00Z`.
    static func instant(_ text: String) -> String {
        guard text.utf8.count >= 19 else { return text }
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + "Z"
    }

    static func colour(severity: String?) -> Terminal.Colour? {
        switch severity {
        case "critical": .magenta
        case "high": .red
        case "medium": .yellow
        default: nil
        }
    }

    static func colour(state: String?) -> Terminal.Colour? {
        switch state {
        case "succeeded", "online", "approved", "resolved": .green
        case "failed", "refused", "revoked", "denied", "new": .red
        case "expired", "unknown", "waiting", "open", "in_progress", "running": .yellow
        case "offline", "closed", "reverted", "cancelled": .faint
        default: nil
        }
    }

    /// What an order does, in the controller's words: those that whoever signs it is shown, and how long.
    static func action(of order: JSONValue) -> String {
        let action = order["action"]
        guard let sentence = order["sentence"]?.text ?? action?["kind"]?.text else { return "-" }
        let time = action?["duration_s"]?.integer.map { " for \(duration($0))" } ?? ""
        let lost =
            action?["release_when_lost_s"]?.integer.map { ", unless the controller is lost for \(duration($0))" } ?? ""
        return sentence + time + lost
    }

    /// `4h`, `90m`, `45s`.
    static func duration(_ seconds: Int64) -> String {
        for (size, unit) in [(86_400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)]
        where seconds > 0 && seconds % size == 0 {
            return "\(seconds / size)\(unit)"
        }
        return "\(seconds)s"
    }
}
