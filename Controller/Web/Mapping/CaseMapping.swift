internal import ControllerCases
internal import ControllerIntake
internal import CordonModel

extension CaseRow {
    init(_ summary: CaseSummary, now: Timestamp) {
        self.init(
            caseID: summary.label, caseTitle: "\(summary.label) \(summary.title)",
            caseSeverity: SeverityMark(summary.severity),
            caseState: StateMark(summary.status), who: summary.assignee.map { "assigned to \($0)" } ?? "unassigned",
            opened: Moment(summary.openedAt, now: now)
        )
    }
}

extension CasePage {
    /// Entries of the timeline on the page; the report holds all.
    static let entries = 200
    /// Alerts on the page.
    static let alertsShown = 50

    /// What the case itself says; what other domains know of it is added by the handler.
    init(_ file: Case, frame: Frame, for reader: Reader) {
        self.init(
            frame: frame, caseID: file.label, caseTitle: file.title, caseSeverity: SeverityMark(file.severity),
            caseState: StateMark(file.status), who: file.assignee.map { "assigned to \($0)" } ?? "unassigned",
            opened: Moment(file.openedAt, now: reader.now), report: "/cases/\(file.label)/report",
            summary: Self.summary(file)
        )
        observables = file.observables.map { Fact($0.observable.kind.word, $0.observable.value) }
        tasks = file.tasks.map { TaskLine($0) }
        if reader.may(.analyst) {
            work = Work(
                case: file.label, token: reader.formToken,
                statuses: ([file.status] + file.status.next).map {
                    Choice(key: $0.rawValue, word: StateMark($0).word, chosen: $0 == file.status)
                },
                takes: file.assignee != reader.principal.name
            )
        }
    }

    private static func summary(_ file: Case) -> String {
        let hosts = file.hosts.count == 1 ? "1 host" : "\(file.hosts.count) hosts"
        let alerts = file.alerts.count == 1 ? "1 alert" : "\(file.alerts.count) alerts"
        let first = file.alerts.first.map { " \($0.reason)" } ?? ""
        return "\(alerts) on \(hosts).\(first)"
    }
}

extension CasePage.Entry {
    init(_ entry: TimelineEntry, _ names: TimelineNames, now: Timestamp) {
        self.init(
            at: Moment(entry.at, now: now), state: entry.kind.mark, actor: names.actor(entry.actor),
            sentence: names.text(entry.text))
    }
}

extension TimelineEntry.Kind {
    fileprivate var mark: StateMark {
        switch self {
        case .alert: StateMark("Alert", .danger, mark: "◆")
        case .note: StateMark("Note", .calm, mark: "✎")
        case .status: StateMark("Status", .calm, mark: "◐")
        case .task: StateMark("Task", .calm, mark: "☐")
        case .order: StateMark("Order", .good, mark: "→")
        case .approval: StateMark("Decision", .warn, mark: "◷")
        case .run: StateMark("Playbook", .calm, mark: "▶")
        case .system: StateMark("Cordon", .calm, mark: "·")
        }
    }
}

extension CasePage.AlertFold {
    /// - Parameter host: The host's name; `nil` for alerts of outside systems.
    init(_ record: AlertRecord, host: String?, unfolded: Bool, now: Timestamp) {
        let alert = record.alert
        let lines = alert.evidence.count
        self.init(
            alertID: "\(alert.id)", alertTitle: alert.title, alertSeverity: SeverityMark(alert.severity),
            rule: "\(alert.rule.name) (\(alert.rule.id))" + (alert.rule.author.map { ", by \($0)" } ?? ""),
            techniques: alert.rule.techniques.isEmpty ? nil : alert.rule.techniques.joined(separator: ", "),
            alertHost: host, times: alert.count == 1 ? "1 event" : "\(alert.count) events",
            last: Moment(alert.lastSeen, now: now), evidence: alert.evidence.map(\.original),
            evidenceCount: lines == 1 ? "1 line" : "\(lines) lines", unfolded: unfolded
        )
    }
}
