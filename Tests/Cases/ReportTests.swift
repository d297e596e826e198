import ControllerCases
import ControllerStore
import CordonModel
import Testing

@Suite("The Markdown report")
struct ReportTests {
    @Test(
        "terminal sequences, control and hidden characters never come through",
        arguments: [
            ("\u{1B}[31mred\u{1B}[0m", "red"), ("\u{1B}]0;title\u{07}after", "after"),
            ("\u{1B}]8;;http://x\u{1B}\\link", "link"),
            ("\u{9B}2Jx", "x"), ("a\u{202E}b\u{2066}c\u{200B}d\u{FEFF}", "abcd"), ("a\nb\r\nc\td", "a b c d"),
            ("a\u{0}\u{8}\u{7F}\u{85}b", "a b"),
            ("\u{1B}(0x", "x"), ("\u{1B}", ""), ("\u{1B}[", ""), ("\u{1B}P no end", " no end"), ("é 𝄞 日本", "é 𝄞 日本"),
            ("\u{E0041}x", "x"),
        ])
    func plain(text: String, expected: String) { #expect(PlainText.line(text) == expected) }

    @Test("hostile text in every place forms no markup, no link, no row and no script")
    func hostile() async throws {
        let desk = try Desk()
        let book = desk.book()
        let evil =
            "\u{1B}[2J<script>alert(1)</script> | x |\n# Head\n[a](javascript:x) ![i](http://e/i) `c` **b** www.e.com https://e.com @all &amp;"
        let id = try await book.open(for: desk.alert(title: evil), because: "why")
        try await book.note(evil, on: id, by: Principal(name: evil, role: .analyst))
        try await book.addTask(evil, to: id, assignee: "<b>", by: Desk.ada)
        try await book.add(Observable(kind: .domain, value: evil), to: id, by: Desk.ada)
        try await book.assign(id, to: "a|b<i>", by: Desk.ada)
        let report = try await book.report(of: id, names: TimelineNames(hosts: ["\(desk.agent)": evil]))
        for bad in [
            "<script", "<b>", "<i>", "\u{1B}", "](", "![", "`c`", "**b", " | x | ", "https://", "www.e", " @all",
            "\n# Head", " &amp; ",
        ] {
            #expect(!report.contains(bad) || (bad == "](" && !report.contains("[a](")), "\(bad)")
        }
        #expect(report.hasPrefix("# C-1: "))
        // Every row of the timeline has its four cells, whatever stands in them.
        let rows = report.split(separator: "\n").drop { $0 != "|---|---|---|---|" }.dropFirst()
        #expect(rows.count == (try await book.file(id).entryCount))
        for row in rows {
            var bars = 0
            var previous: Character = " "
            for character in row {
                if character == "|", previous != "\\" { bars += 1 }
                previous = character
            }
            #expect(bars == 5, "\(row)")
        }
    }

    @Test(
        "identifiers that have a name are shown by it, others stay",
        arguments: [
            ("on host 019f0000-0000-7000-8000-000000000021.", "on host web-1."),
            ("019f0000-0000-7000-8000-0000000000210", "web-10"),
            ("run 019f0000-0000-7000-8000-000000000031", "run “SSH break-in”"),
            ("019f0000-0000-7000-8000-000000000099", "019f0000-0000-7000-8000-000000000099"),
            ("é 019f0000-0000-7000-8000-00000000002", "é 019f0000-0000-7000-8000-00000000002"), ("", ""),
        ])
    func names(text: String, expected: String) {
        let names = TimelineNames(
            hosts: ["019f0000-0000-7000-8000-000000000021": "web-1"],
            runs: ["019f0000-0000-7000-8000-000000000031": "SSH break-in"])
        #expect(names.text(text) == expected)
        #expect(names.actor("playbook:019f0000-0000-7000-8000-000000000031") == "playbook “SSH break-in”")
        #expect(names.actor("playbook:other") == "playbook:other" && names.actor("ada") == "ada")
    }

    @Test("it says what happened, in order")
    func story() async throws {
        let desk = try Desk()
        let book = desk.book()
        var alert = desk.alert(title: "Break-in")
        alert.agent = desk.agent
        alert.rule.author = "Ada Writer"
        let id = try await book.open(for: alert, because: "First of its kind.")
        desk.advance(.seconds(5))
        try await book.append(.order, to: id, "Host isolated.", by: "playbook:1", reference: "order:1")
        desk.advance(.seconds(175))
        try await book.setStatus(.resolved, of: id, by: Desk.ada)
        let names = TimelineNames(hosts: ["\(desk.agent)": "web"], runs: ["1": "SSH break-in"])
        let report = try await book.report(of: id, names: names)
        let places = [
            "# C-1: Break-in", "| Severity | medium |", "(after 3 min)", "- web (", "203.0.113.7",
            "Break-in (rule by Ada Writer) First of its kind.", "playbook “SSH break-in” | Host isolated.",
            "new → resolved",
        ]
        .map { report.firstRange(of: $0)?.lowerBound }
        #expect(!places.contains(nil))
        #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted())
    }
}
