internal import ControllerFleet
internal import ControllerRules
internal import CordonModel
internal import HTTPTypes

extension APIServices {
    /// Groups of hosts that there are: those of hosts and of tokens that hosts may still enrol with, and those that a
    /// pack of rules is staged to. Sorted. Packs of rules are staged to them, and they are the rings of upgrades.
    package func hostGroups() async throws -> [String] {
        let now = surroundings.now()
        let hosts = try await fleet.hosts().filter { $0.revocation == nil }.map(\.group)
        let tokens = try await fleet.tokens().filter {
            $0.withdrawnAt == nil && $0.expiresAt > now && $0.used < $0.uses
        }
        return Set(hosts + tokens.map(\.group) + rules.staged().keys).subtracting([""]).sorted()
    }

    /// Refuses a group that there is not: what is meant for a misspelt one reaches nobody.
    /// - Throws: ``Problem`` `host.no_such_group` with those that there are.
    package func checkGroup(_ group: String) async throws {
        guard !group.isEmpty else { return }
        let groups = try await hostGroups()
        guard !groups.contains(group) else { return }
        let shown = groups.prefix(20).joined(separator: ", ") + (groups.count > 20 ? ", …" : "")
        throw Problem(
            .unprocessableContent, "host.no_such_group", "There is no group of hosts “\(group)”.",
            remedy: groups.isEmpty
                ? "No host and no open enrolment token has a group." : "There are these: \(shown).")
    }
}
