internal import CordonModel

/// Why something could not be done with a case.
package struct CaseError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    init(_ code: String, _ message: String, _ remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// No case of that identifier or number.
    package static func notFound(_ name: String) -> CaseError {
        CaseError("case.not_found", "There is no case \(name).", "List them with `cordon cases`.")
    }

    /// No task of that identifier in the case.
    static func noTask(_ id: TaskID, in label: String) -> CaseError {
        CaseError(
            "case.task_not_found", "Case \(label) has no task \(id).", "Look at it with `cordon case show \(label)`.")
    }

    /// The status may not follow the present one.
    static func transition(_ from: CaseStatus, _ to: CaseStatus, _ label: String) -> CaseError {
        let next = from.next.map(\.rawValue).joined(separator: ", ")
        return CaseError(
            "case.transition", "Case \(label) is \(from.rawValue) and cannot become \(to.rawValue).",
            "It can become: \(next)."
        )
    }

    /// The task is no longer open.
    static func taskFinished(_ state: CaseTask.State) -> CaseError {
        CaseError("case.task_finished", "The task is \(state.rawValue) already.")
    }

    /// Nothing was given where something must be.
    static func empty(_ what: String) -> CaseError {
        CaseError("case.empty", "The \(what) is empty.", "Say something.")
    }

    /// More than fits.
    static func tooLong(_ what: String, _ size: Int, _ limit: Int) -> CaseError {
        CaseError("case.too_long", "The \(what) has \(size) bytes, more than \(limit).", "Shorten it.")
    }

    /// More than a case holds.
    static func full(_ what: String, _ limit: Int, _ label: String) -> CaseError {
        CaseError("case.full", "Case \(label) has \(limit) \(what) already.", "Open another case for what is left.")
    }

    /// The principal's role does not allow it.
    static func forbidden(_ principal: Principal) -> CaseError {
        CaseError(
            "case.forbidden", "\(principal.name) may look at cases but not work on them.",
            "Ask for the role of an analyst.")
    }
}
