/// The cases, newest first.
package struct CasesPage: Page {
    package static let template = "cases"
    package var frame: Frame
    package var filters: [Filter]
    package var cases: [CaseRow]
    /// What stands there when no case fits.
    package var empty: String
    /// The path of the older ones; `nil` when these are all.
    package var more: String?

    package init(frame: Frame, filters: [Filter], cases: [CaseRow], empty: String, more: String? = nil) {
        self.frame = frame
        self.filters = filters
        self.cases = cases
        self.empty = empty
        self.more = more
    }

    /// Which cases to show.
    package struct Filter: Sendable {
        package var path: String
        package var label: String
        package var chosen: Bool

        package init(path: String, label: String, chosen: Bool) {
            self.path = path
            self.label = label
            self.chosen = chosen
        }
    }
}
