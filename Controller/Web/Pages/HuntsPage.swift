/// The hunts, newest first, and a form to start one.
package struct HuntsPage: Page {
    package static let template = "hunts"
    package var frame: Frame
    package var hunts: [HuntRow]
    /// `nil` for who may not start one.
    package var start: Start?
    /// The path of the older ones; `nil` when these are all.
    package var more: String?

    package init(frame: Frame, hunts: [HuntRow], start: Start? = nil, more: String? = nil) {
        self.frame = frame
        self.hunts = hunts
        self.start = start
        self.more = more
    }

    /// The form.
    package struct Start: Sendable {
        package var token: String
        package var kinds: [Choice]
        /// What narrows each kind.
        package var hints: [Fact]
        /// A host's name or identifier; empty for all.
        package var onHost: String

        package init(token: String, kinds: [Choice], hints: [Fact], onHost: String) {
            self.token = token
            self.kinds = kinds
            self.hints = hints
            self.onHost = onHost
        }
    }

    /// One hunt in the list.
    package struct HuntRow: Sendable {
        package var huntID: String
        package var huntState: StateMark
        /// `process name=nc*`
        package var question: String
        /// `12 done, 1 waiting`
        package var progress: String
        package var found: String
        package var by: String
        package var started: Moment

        package init(
            huntID: String, huntState: StateMark, question: String, progress: String, found: String, by: String,
            started: Moment
        ) {
            self.huntID = huntID
            self.huntState = huntState
            self.question = question
            self.progress = progress
            self.found = found
            self.by = by
            self.started = started
        }
    }
}

/// One hunt: how far it is and what it found.
package struct HuntPage: Page {
    package static let template = "hunt"
    package var frame: Frame
    package var hunt: HuntsPage.HuntRow
    package var facts: [Fact]
    /// `nil` when it is over or the reader may not end it.
    package var cancel: Cancel?
    /// Hosts that have not answered well, then the others.
    package var answers: [AnswerLine] = []
    /// How many more hosts there are.
    package var answersCut: String?
    package var columns: [String] = []
    package var rows: [ResultRow] = []
    /// What stands in the place of rows where there are none.
    package var nothing = "Nothing so far."
    /// The path of what came later; `nil` when these are all.
    package var later: String?

    package init(frame: Frame, hunt: HuntsPage.HuntRow, facts: [Fact]) {
        self.frame = frame
        self.hunt = hunt
        self.facts = facts
    }

    /// The form that ends it.
    package struct Cancel: Sendable {
        package var token: String

        package init(token: String) { self.token = token }
    }

    /// How one host's answer stands.
    package struct AnswerLine: Sendable {
        package var hostID: String
        package var hostName: String
        package var answerState: StateMark
        package var detail: String

        package init(hostID: String, hostName: String, answerState: StateMark, detail: String) {
            self.hostID = hostID
            self.hostName = hostName
            self.answerState = answerState
            self.detail = detail
        }
    }

    /// One thing that a host found.
    package struct ResultRow: Sendable {
        package var hostID: String
        package var hostName: String
        /// In the order of the columns.
        package var cells: [String]

        package init(hostID: String, hostName: String, cells: [String]) {
            self.hostID = hostID
            self.hostName = hostName
            self.cells = cells
        }
    }
}
