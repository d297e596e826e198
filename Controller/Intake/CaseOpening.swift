package import CordonModel

/// What intake needs of cases. `CaseBook` of ControllerCases has these very functions; the daemon joins the two.
package protocol CaseOpening: Sendable {
    /// Opens a case for the alert; the one it already has when it was opened before.
    /// - Parameter reason: Why a new one, a sentence for people.
    func open(for alert: Alert, because reason: String) async throws -> CaseID
    /// Puts the alert into an open case.
    /// - Returns: False when the case is no longer open.
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool
    /// Tells the case that its alert came again, grown: severity, observables, count.
    func recurred(_ alert: Alert, in id: CaseID) async throws
}
