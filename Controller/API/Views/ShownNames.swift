internal import ControllerFleet
internal import ControllerPlaybooks
package import CordonModel

extension APIServices {
    /// What people call hosts, and playbooks by their runs, the newest thousand; of one case only, where it is given.
    package func shownNames(of caseID: CaseID? = nil) async throws -> TimelineNames {
        let hosts = try await fleet.hosts().reduce(into: [AgentID: String]()) { $0[$1.id] = $1.name }
        let runs = try await runs.runs(RunFilter(caseID: caseID, limit: 1000))
        return TimelineNames(
            hosts: hosts, runs: runs.reduce(into: [RunID: String]()) { $0[$1.id] = $1.playbookName })
    }
}
