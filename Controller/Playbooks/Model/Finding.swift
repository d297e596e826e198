internal import CordonScan

/// One thing that a validation found, with its place.
package struct Finding: Sendable, Hashable, Codable {
    /// Stable, for programs: `step.dangling`, `condition.syntax`, …
    package let code: String
    /// JSON pointer (RFC 6901) into the document; empty for the whole.
    package let pointer: String
    /// A sentence for people.
    package let message: String
    /// Whether a playbook with it is refused when it is to be started.
    package let preventsStart: Bool

    package init(code: String, pointer: String, message: String, preventsStart: Bool = false) {
        self.code = code
        self.pointer = pointer
        self.message = message
        self.preventsStart = preventsStart
    }
}

/// What is to be said of a document that wants to be a CACAO 2.0 playbook.
package struct ValidationReport: Sendable {
    /// The playbook as far as it could be read; `nil` when the bytes are no JSON object.
    package let playbook: Playbook?
    /// What makes it no CACAO 2.0 playbook.
    package let faults: [Finding]
    /// What deviates and is accepted, and what this version does not run.
    package let warnings: [Finding]

    /// Whether there is no fault.
    package var isValid: Bool { playbook != nil && faults.isEmpty }

    /// What stands against starting it: every fault, and those warnings that prevent a start.
    package var obstacles: [Finding] { faults + warnings.filter(\.preventsStart) }
}

extension ValidationReport {
    /// `{"valid": …, "faults": […], "warnings": […]}` on one line, each finding with its code, pointer and sentence: what
    /// `cordon playbook validate --json` prints.
    package var jsonLine: String {
        let report: JSONValue = [
            "valid": .flag(isValid), "faults": .array(faults.map(\.json)), "warnings": .array(warnings.map(\.json)),
        ]
        return report.json()
    }
}

extension Finding {
    fileprivate var json: JSONValue {
        [
            "code": .text(code), "pointer": .text(pointer), "message": .text(message),
            "prevents_start": .flag(preventsStart),
        ]
    }
}
