/// A search over the events of all hosts.
package struct SearchPage: Page {
    package static let template = "search"
    package var frame: Frame
    package var form: Form
    /// Why the query was not asked; `nil` when it was.
    package var refusal: String?
    /// Sentences about fields that are none of the documented ones.
    package var warnings: [String] = []
    package var events: [EventRow] = []
    /// What was found, and whether all was looked at.
    package var tally: String = ""
    /// The path of the older ones; `nil` when these are all.
    package var older: String?

    package init(frame: Frame, form: Form) {
        self.frame = frame
        self.form = form
    }

    /// What is looked for, as it was typed.
    package struct Form: Sendable {
        package var query: String
        package var spans: [Choice]
        package var from: String
        package var to: String
        /// A host's name or identifier.
        package var onHost: String

        package init(query: String = "", spans: [Choice], from: String = "", to: String = "", onHost: String = "") {
            self.query = query
            self.spans = spans
            self.from = from
            self.to = to
            self.onHost = onHost
        }
    }

    /// One event.
    package struct EventRow: Sendable {
        package var at: Moment
        package var hostID: String
        package var hostName: String
        package var program: String
        package var account: String
        package var source: String
        /// As the host wrote it.
        package var line: String

        package init(
            at: Moment, hostID: String, hostName: String, program: String, account: String, source: String, line: String
        ) {
            self.at = at
            self.hostID = hostID
            self.hostName = hostName
            self.program = program
            self.account = account
            self.source = source
            self.line = line
        }
    }
}
