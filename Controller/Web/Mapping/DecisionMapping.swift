internal import ControllerCases
internal import ControllerPlaybooks
internal import CordonModel

/// Who reads a page, and what they may do on it.
struct Reader: Sendable {
    let principal: Principal
    /// What their forms carry; empty for programs, which get no forms that work without it.
    let formToken: String
    let now: Timestamp

    func may(_ role: Role) -> Bool { principal.role >= role }
}

extension DecisionCard {
    /// A question as the reader sees it.
    /// - Parameter back: Where the form leads afterwards.
    init(_ task: ManualTask, of file: Case?, for reader: Reader, back: String) {
        let (question, explanation) = Self.split(task)
        self.init(
            taskID: "\(task.id)", question: question, explanation: explanation, facts: Self.facts(task, reader.now),
            otherwise: task.dueAt.map { Otherwise(task, due: $0, now: reader.now) },
            inCase: file.map {
                CaseLink(
                    caseID: $0.label, caseTitle: "\($0.label) \($0.title)", caseSeverity: SeverityMark($0.severity))
            },
            form: Self.mayDecide(task, reader) ? Form(task: "\(task.id)", token: reader.formToken, back: back) : nil,
            whyNotYou: Self.refusal(task)
        )
        yes = task.kind == .approval ? "Approve" : "It is done"
        no = task.kind == .approval ? "Deny" : "It cannot be done"
    }

    /// The first line is the question; a long one stands under the step's name instead.
    private static func split(_ task: ManualTask) -> (question: String, explanation: String?) {
        let lines = task.text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: true)
        guard let first = lines.first, first.utf8.count <= 160 else { return (task.stepName, task.text) }
        return (String(first), lines.count > 1 ? String(lines[1]) : nil)
    }

    private static func facts(_ task: ManualTask, _ now: Timestamp) -> [Fact] {
        let asked = Moment(task.createdAt, now: now)
        return [
            Fact("Asked by", "playbook \(task.playbookName), step \(task.stepName)"),
            Fact("Asked", "\(asked.clock) UTC, \(asked.ago)"),
            Fact(
                "May answer",
                task.assignee
                    ?? (task.role == .administrator ? "administrators" : "role \(task.role.rawValue) or above")),
        ]
    }

    private static func mayDecide(_ task: ManualTask, _ reader: Reader) -> Bool {
        reader.may(task.role) && (task.assignee.map { $0 == reader.principal.name } ?? true)
    }

    private static func refusal(_ task: ManualTask) -> String {
        if let assignee = task.assignee { return "This is asked of \(assignee)." }
        return "Answering takes the role \(task.role.rawValue)."
    }
}

extension DecisionCard.Otherwise {
    fileprivate init(_ task: ManualTask, due: Timestamp, now: Timestamp) {
        let moment = Moment(due, now: now)
        let left = due - now
        let clock = left < .seconds(43_200) ? "\(moment.clock) UTC" : moment.full
        let happens =
            switch task.onTimeout {
            case .deny: "without an answer it counts as denied."
            case .approve: "without an answer it counts as approved."
            case .fail: "without an answer the step fails."
            }
        self.init(by: "By \(clock) (\(moment.ago)):", happens: happens, soon: left < .seconds(900))
    }
}

extension StateMark {
    /// What a question has come to.
    init(_ state: ManualTask.State) {
        switch state {
        case .open: self.init("Waits", .warn)
        case .approved: self.init("Approved", .good)
        case .denied: self.init("Denied", .danger, mark: "✗")
        case .timedOut: self.init("Timed out", .warn, mark: "⌛")
        case .cancelled: self.init("Cancelled", .calm, mark: "✗")
        }
    }
}

extension CasePage.TaskLine {
    /// A question that a playbook asked.
    init(_ task: ManualTask) {
        let first = task.text.split(separator: "\n").first.map { String($0) } ?? task.stepName
        var detail = task.decidedBy.map { "\($0): \(task.reason)" }
        if task.state == .timedOut { detail = "Nobody answered in time." }
        self.init(taskState: StateMark(task.state), taskTitle: first, taskDetail: detail)
    }

    /// What a person meant to do.
    init(_ task: CaseTask) {
        self.init(
            taskState: StateMark(task.state), taskTitle: task.title,
            taskDetail: task.assignee.map { "assigned to \($0)" })
    }
}
