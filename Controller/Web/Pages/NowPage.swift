/// What waits for a person, worst first: the page that a night shift leaves open.
package struct NowPage: Page {
    package static let template = "now"
    package var frame: Frame
    package var decisions: [DecisionCard]
    /// `nil` when nothing waits.
    package var decisionCount: String?
    /// Orders that wait for people's signatures.
    package var signing: [SignatureLine] = []
    package var cases: [CaseRow]
    package var caseCount: String
    package var isolated: [HostLine]
    package var isolatedCount: String
    package var offline: [HostLine]
    package var offlineCount: String

    package init(
        frame: Frame, decisions: [DecisionCard], cases: [CaseRow], isolated: [HostLine], offline: [HostLine]
    ) {
        self.frame = frame
        self.decisions = decisions
        decisionCount = decisions.isEmpty ? nil : "\(decisions.count)"
        self.cases = cases
        caseCount = "\(cases.count)"
        self.isolated = isolated
        isolatedCount = "\(isolated.count)"
        self.offline = offline
        offlineCount = "\(offline.count)"
    }
}

/// A question that a playbook asks, with what a person needs to answer it.
package struct DecisionCard: Sendable {
    package var taskID: String
    package var question: String
    package var explanation: String?
    package var facts: [Fact]
    package var otherwise: Otherwise?
    package var inCase: CaseLink?
    /// `nil` when the reader may not decide.
    package var form: Form?
    /// Why there is no form.
    package var whyNotYou: String
    /// The words on the buttons.
    package var yes = "Approve"
    package var no = "Deny"

    package init(
        taskID: String, question: String, explanation: String?, facts: [Fact], otherwise: Otherwise?, inCase: CaseLink?,
        form: Form?, whyNotYou: String
    ) {
        self.taskID = taskID
        self.question = question
        self.explanation = explanation
        self.facts = facts
        self.otherwise = otherwise
        self.inCase = inCase
        self.form = form
        self.whyNotYou = whyNotYou
    }

    /// What happens without an answer.
    package struct Otherwise: Sendable {
        /// `By 01:45:00 UTC (in 12 min)`
        package var by: String
        /// `it counts as denied.`
        package var happens: String
        /// Whether little time is left.
        package var soon: Bool

        package init(by: String, happens: String, soon: Bool) {
            self.by = by
            self.happens = happens
            self.soon = soon
        }
    }

    /// The case that asks.
    package struct CaseLink: Sendable {
        package var caseID: String
        package var caseTitle: String
        package var caseSeverity: SeverityMark?

        package init(caseID: String, caseTitle: String, caseSeverity: SeverityMark?) {
            self.caseID = caseID
            self.caseTitle = caseTitle
            self.caseSeverity = caseSeverity
        }
    }

    /// What the form carries.
    package struct Form: Sendable {
        package var task: String
        package var token: String
        /// Where to go afterwards.
        package var back: String

        package init(task: String, token: String, back: String) {
            self.task = task
            self.token = token
            self.back = back
        }
    }
}

/// An order that its host takes only with the signatures of several people.
package struct SignatureLine: Sendable {
    package var orderID: String
    /// `delete /tmp/x`
    package var what: String
    package var hostID: String
    package var hostName: String
    /// `signed by ann` or `nobody has signed yet`
    package var signers: String
    /// What the host said of it.
    package var note: String
    package var expires: Moment

    package init(
        orderID: String, what: String, hostID: String, hostName: String, signers: String, note: String, expires: Moment
    ) {
        self.orderID = orderID
        self.what = what
        self.hostID = hostID
        self.hostName = hostName
        self.signers = signers
        self.note = note
        self.expires = expires
    }
}

/// A case in a list.
package struct CaseRow: Sendable {
    package var caseID: String
    package var caseTitle: String
    package var caseSeverity: SeverityMark
    package var caseState: StateMark
    /// `assigned to mia` or `nobody's`
    package var who: String
    package var opened: Moment

    package init(
        caseID: String, caseTitle: String, caseSeverity: SeverityMark, caseState: StateMark, who: String, opened: Moment
    ) {
        self.caseID = caseID
        self.caseTitle = caseTitle
        self.caseSeverity = caseSeverity
        self.caseState = caseState
        self.who = who
        self.opened = opened
    }
}

/// A host in one line.
package struct HostLine: Sendable {
    package var hostID: String
    package var hostName: String
    package var hostState: StateMark
    /// `until 05:32:47 UTC (in 4 h)`, `last seen 3 min ago`
    package var detail: String

    package init(hostID: String, hostName: String, hostState: StateMark, detail: String) {
        self.hostID = hostID
        self.hostName = hostName
        self.hostState = hostState
        self.detail = detail
    }
}
