/// One case with its timeline.
package struct CasePage: Page {
    package static let template = "case"
    package var frame: Frame
    package var caseID: String
    package var caseTitle: String
    package var caseSeverity: SeverityMark
    package var caseState: StateMark
    package var who: String
    package var opened: Moment
    /// The path of the Markdown report.
    package var report: String
    /// The search for what the case is about; `nil` when nothing is known to look for.
    package var searchEvents: String?
    package var summary: String?
    package var decisions: [DecisionCard] = []
    /// Newest first.
    package var timeline: [Entry] = []
    /// What is said when the timeline is not shown whole.
    package var timelineCut: String?
    /// `nil` when the reader may only look.
    package var work: Work?
    package var hosts: [HostLine] = []
    package var observables: [Fact] = []
    /// Files and programs among them.
    package var containing: [Containing] = []
    package var tasks: [TaskLine] = []
    package var evidence: [EvidenceLine] = []
    package var alerts: [AlertFold] = []
    package var alertCount = "0"

    package init(
        frame: Frame, caseID: String, caseTitle: String, caseSeverity: SeverityMark, caseState: StateMark, who: String,
        opened: Moment, report: String, summary: String?
    ) {
        self.frame = frame
        self.caseID = caseID
        self.caseTitle = caseTitle
        self.caseSeverity = caseSeverity
        self.caseState = caseState
        self.who = who
        self.opened = opened
        self.report = report
        self.summary = summary
    }

    /// One line of the case's history.
    package struct Entry: Sendable {
        package var at: Moment
        package var mood: String
        package var mark: String
        /// `Order succeeded`, `Note`, …
        package var kind: String
        package var actor: String
        package var sentence: String

        package init(at: Moment, state: StateMark, actor: String, sentence: String) {
            self.at = at
            mood = state.mood
            mark = state.mark
            kind = state.word
            self.actor = actor
            self.sentence = sentence
        }
    }

    /// What the forms for an analyst carry.
    package struct Work: Sendable {
        package var `case`: String
        package var token: String
        package var statuses: [Choice]
        /// Whether the reader can still take it.
        package var takes: Bool

        package init(case: String, token: String, statuses: [Choice], takes: Bool) {
            self.case = `case`
            self.token = token
            self.statuses = statuses
            self.takes = takes
        }
    }

    /// A file or a program, and where on a host's page it can be contained.
    package struct Containing: Sendable {
        /// Its path, or the SHA-256 of what it holds.
        package var containable: String
        package var containedHost: String
        /// `nil` where only what it holds is known.
        package var quarantine: String?
        package var keep: String?
        /// Why there is no link, and what to do instead.
        package var whyNoForm: String?

        package init(
            containable: String, containedHost: String, quarantine: String?, keep: String?, whyNoForm: String? = nil
        ) {
            self.containable = containable
            self.containedHost = containedHost
            self.quarantine = quarantine
            self.keep = keep
            self.whyNoForm = whyNoForm
        }
    }

    /// A task of the case.
    package struct TaskLine: Sendable {
        package var taskState: StateMark
        package var taskTitle: String
        package var taskDetail: String?

        package init(taskState: StateMark, taskTitle: String, taskDetail: String?) {
            self.taskState = taskState
            self.taskTitle = taskTitle
            self.taskDetail = taskDetail
        }
    }

    /// An alert with its evidence, to unfold.
    package struct AlertFold: Sendable {
        package var alertID: String
        package var alertTitle: String
        package var alertSeverity: SeverityMark
        package var rule: String
        package var techniques: String?
        package var alertHost: String?
        /// `12 events`
        package var times: String
        package var last: Moment
        /// The lines as they were.
        package var evidence: [String]
        /// `3 of 12 lines`
        package var evidenceCount: String
        package var unfolded: Bool
        /// Files and programs that it names, on its host.
        package var contained: [Containing] = []

        package init(
            alertID: String, alertTitle: String, alertSeverity: SeverityMark, rule: String, techniques: String?,
            alertHost: String?, times: String, last: Moment, evidence: [String], evidenceCount: String, unfolded: Bool
        ) {
            self.alertID = alertID
            self.alertTitle = alertTitle
            self.alertSeverity = alertSeverity
            self.rule = rule
            self.techniques = techniques
            self.alertHost = alertHost
            self.times = times
            self.last = last
            self.evidence = evidence
            self.evidenceCount = evidenceCount
            self.unfolded = unfolded
        }
    }
}
