package import ControllerAccess
package import ControllerAPI
package import ControllerCases
package import ControllerFleet
package import ControllerIntake
package import ControllerPlaybooks
package import CordonModel

/// What the console stands on: the faces of the domains, joined by the daemon.
package struct ConsoleServices: Sendable {
    package var access: Access
    package var fleet: Fleet
    package var intake: Intake
    package var cases: CaseBook
    package var playbooks: PlaybookEngine
    /// Where the engine keeps its questions.
    package var runs: any RunRepository
    package var surroundings: Surroundings
    /// The API's: one session for both.
    package var cookie: SessionCookie
    /// Shown to those who are signed in.
    package var fleetName: String

    package init(
        access: Access, fleet: Fleet, intake: Intake, cases: CaseBook, playbooks: PlaybookEngine, runs: any RunRepository,
        surroundings: Surroundings, cookie: SessionCookie, fleetName: String
    ) {
        self.access = access
        self.fleet = fleet
        self.intake = intake
        self.cases = cases
        self.playbooks = playbooks
        self.runs = runs
        self.surroundings = surroundings
        self.cookie = cookie
        self.fleetName = fleetName
    }
}
