/// Says whether bytes are a CACAO 2.0 playbook, what is wrong with them, and where.
package enum PlaybookValidator {
    /// Never throws: unreadable bytes are a fault.
    package static func validate(_ bytes: [UInt8]) -> ValidationReport {
        ValidationReport(playbook: nil, faults: [], warnings: [])
    }
}
