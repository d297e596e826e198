internal import ControllerIntake
internal import CordonModel
internal import GRDB

/// What of an alert stands in its JSON document: all text of agents, whole. Times, severity and identifiers have columns.
struct AlertDocument: Decodable {
    let rule: RuleReference
    let title: String
    let key: String
    let count: Int
    let observables: [Observable]
    let evidence: [EventDocument]

    static func text(of alert: Alert) throws -> String {
        let evidence = alert.evidence.map { EventDocument.text(of: $0) }.joined(separator: ",")
        return "{\"rule\":\(try JSONText.text(of: alert.rule)),\"title\":\(JSONText.quoted(alert.title)),"
            + "\"key\":\(JSONText.quoted(alert.deduplicationKey)),\"count\":\(alert.count),"
            + "\"observables\":\(try JSONText.text(of: alert.observables)),\"evidence\":[\(evidence)]}"
    }
}

extension Alert {
    /// The alert of a row of table `alert`.
    init(row: Row) throws {
        let document = try JSONText.value(AlertDocument.self, of: try row.text("document"))
        self.init(
            id: try row.identifier("id"), agent: try row.identifier("agent"), rule: document.rule,
            title: document.title,
            severity: try row.severity("severity"), firstSeen: try row.timestamp("first_seen"),
            lastSeen: try row.timestamp("last_seen"), count: document.count, deduplicationKey: document.key,
            observables: document.observables, evidence: document.evidence.map(\.event)
        )
    }
}

extension AlertRecord {
    /// The record of a row of table `alert` with `case_id`, `case_number` and `reason` of its case beside it.
    init(row: Row) throws {
        let alert = try Alert(row: row)
        let reports = try row.count("reports")
        let caseID: CaseID? = try row.optional("case_id") { try row.identifier($0) }
        let waits =
            try row.flag("pending")
            ? "Waits for its case." : "In no case: alerts of this severity open none by themselves."
        var explanation = try row.optionalText("reason") ?? waits
        if reports > 1 { explanation += " \(reports) reports with one key were merged into it." }
        self.init(
            alert: alert, receivedAt: try row.timestamp("received_at"), updatedAt: try row.timestamp("updated_at"),
            reports: reports, caseID: caseID, caseNumber: try row.optional("case_number", row.count),
            explanation: explanation
        )
    }
}
