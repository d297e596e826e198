internal import CordonModel

/// What can go wrong with playbooks and their runs.
package struct PlaybooksError: ActionableError {
    package let code: String
    package let message: String
    package let remedy: String

    package init(code: String, message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}

extension PlaybooksError {
    static func unknownPlaybook(_ id: String) -> PlaybooksError {
        PlaybooksError(
            code: "playbook.unknown", message: "There is no playbook \(id.prefix(100)).",
            remedy: "`cordon playbook list` shows which there are.")
    }

    static func unknownRun(_ run: RunID) -> PlaybooksError {
        PlaybooksError(code: "run.unknown", message: "There is no playbook run \(run).")
    }

    static func runTaken(_ run: RunRecord) -> PlaybooksError {
        PlaybooksError(
            code: "run.conflict",
            message: "There is a run \(run.id) already, of “\(run.playbookName)”, that was asked for otherwise.",
            remedy: "Choose an identifier of its own for each run.")
    }

    static func unknownTask(_ task: TaskID) -> PlaybooksError {
        PlaybooksError(code: "task.unknown", message: "There is no task \(task).")
    }

    /// `modified` names the newest version: one that lies ahead could never be replaced.
    static func future(_ name: String, _ version: String) -> PlaybooksError {
        PlaybooksError(
            code: "playbook.future",
            message: "“\(name)” says that it was modified at \(version), which is still to come.",
            remedy: "Give `modified` the time of the change.")
    }

    /// The playbook is valid but not one that this version can run.
    static func notRunnable(_ name: String, _ findings: [Finding]) -> PlaybooksError {
        PlaybooksError(
            code: "playbook.not_runnable",
            message: "The playbook “\(name)” cannot be started: " + findings.map(\.message).joined(separator: " "),
            remedy: "`cordon playbook validate` names every place.")
    }
}
