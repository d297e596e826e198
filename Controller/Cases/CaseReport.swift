package import CordonModel

/// A case as a Markdown document for people: what is known, what was done, and the timeline. All text of others is escaped.
struct CaseReport {
    let file: Case
    let timeline: [TimelineEntry]
    /// How hosts and playbooks are called; hostile like everything a host says of itself.
    let names: TimelineNames
    let writtenAt: Timestamp

    var markdown: String {
        [
            head, section("Hosts", hosts), section("Observables", observables), section("Tasks", tasks),
            section("Playbooks", playbooks), events,
        ]
        .filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private var head: String {
        var lines = [
            "# \(file.label): \(MarkdownText.line(file.title))", "",
            "| | |", "|---|---|",
            "| Severity | \(file.severity.rawValue) |",
            "| Status | \(file.status.rawValue) |",
            "| Assignee | \(file.assignee.map(MarkdownText.line) ?? "nobody") |",
            "| Opened | \(file.openedAt) |",
        ]
        if let closedAt = file.closedAt {
            lines.append("| Ended | \(closedAt) (after \(Self.span(closedAt - file.openedAt))) |")
        }
        lines.append("| Alerts | \(file.alerts.count) |")
        lines.append("| Report written | \(writtenAt) |")
        return lines.joined(separator: "\n")
    }

    private var hosts: [String] {
        file.hosts.map { host in
            let name = names.host("\(host)")
            return name == "\(host)" ? "- \(host)" : "- \(MarkdownText.line(name)) (\(host))"
        }
    }

    private var observables: [String] {
        guard !file.observables.isEmpty else { return [] }
        return ["| Kind | Value | Added |", "|---|---|---|"]
            + file.observables.map { item in
                "| \(item.observable.kind.rawValue) | \(MarkdownText.line(item.observable.value)) "
                    + "| \(item.addedAt), \(MarkdownText.line(item.addedBy)) |"
            }
    }

    private var tasks: [String] {
        file.tasks.map { task in
            let mark = task.state == .done ? "x" : " "
            let who = task.assignee.map { " – \(MarkdownText.line($0))" } ?? ""
            let dropped = task.state == .dropped ? " (dropped)" : ""
            return "- [\(mark)] \(MarkdownText.line(task.title))\(who)\(dropped)"
        }
    }

    private var playbooks: [String] {
        file.playbooks.map { item in
            let run = item.run.map { ", run \($0)" } ?? ""
            return "- \(MarkdownText.line(item.playbook)): \(item.state.rawValue)\(run)"
        }
    }

    private var events: String {
        let rows = timeline.map { entry in
            "| \(entry.at) | \(entry.kind.rawValue) | \(MarkdownText.line(names.actor(entry.actor))) | \(MarkdownText.line(names.text(entry.text))) |"
        }
        let missing = file.entryCount - timeline.count
        let more = missing > 0 ? "\n\n\(missing) more entries are in the case itself." : ""
        return "## Timeline\n\n| Time (UTC) | Kind | Who | What |\n|---|---|---|---|\n" + rows.joined(separator: "\n")
            + more
    }

    private func section(_ title: String, _ lines: [String]) -> String {
        lines.isEmpty ? "" : "## \(title)\n\n" + lines.joined(separator: "\n")
    }

    private static func span(_ duration: Duration) -> String {
        let seconds = max(0, duration.wholeSeconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        }
    }
}

extension CaseBook {
    /// Entries that a report shows at most; it says how many more there are.
    private static let reported = 5000

    /// The case as Markdown, safe to show anywhere: text of logs and people can neither form markup nor steer a terminal.
    /// - Parameter names: What people call hosts and playbooks.
    package func report(of id: CaseID, names: TimelineNames = TimelineNames()) async throws -> String {
        let file = try await file(id)
        var entries: [TimelineEntry] = []
        while entries.count < Self.reported {
            let page = try await repository.timeline(of: id, after: entries.last?.number ?? 0, limit: 1000)
            entries += page
            if page.count < 1000 { break }
        }
        return CaseReport(file: file, timeline: entries, names: names, writtenAt: surroundings.now()).markdown
    }
}
