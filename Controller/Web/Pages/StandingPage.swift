/// What hosts may do by themselves while the controller cannot be reached.
package struct StandingPage: Page {
    package static let template = "standing"
    package var frame: Frame
    /// Those in force first, then newest first.
    package var standing: [Line] = []
    /// `3 in force on 2 hosts.`
    package var standingTally: String
    /// What is said when not all are shown.
    package var standingCut: String?

    package init(frame: Frame, standing: [Line] = [], standingTally: String = "", standingCut: String? = nil) {
        self.frame = frame
        self.standing = standing
        self.standingTally = standingTally
        self.standingCut = standingCut
    }

    /// One standing order of one host.
    package struct Line: Sendable {
        package var hostID: String
        package var hostName: String
        package var standingState: StateMark
        /// The rule that must fire.
        package var firing: String
        /// `Block the address in source.ip for 1 h`
        package var does: String
        package var ends: Moment
        package var by: String
        package var reason: String
        package var withdraw: Withdrawal?

        package init(
            hostID: String, hostName: String, standingState: StateMark, firing: String, does: String, ends: Moment,
            by: String, reason: String, withdraw: Withdrawal?
        ) {
            self.hostID = hostID
            self.hostName = hostName
            self.standingState = standingState
            self.firing = firing
            self.does = does
            self.ends = ends
            self.by = by
            self.reason = reason
            self.withdraw = withdraw
        }
    }

    /// What the form that takes one back carries.
    package struct Withdrawal: Sendable {
        package var standingID: String
        package var token: String

        package init(standingID: String, token: String) {
            self.standingID = standingID
            self.token = token
        }
    }
}
