package import CordonModel
internal import CordonSettings

extension LocalPolicy {
    /// Reads the section of upgrades.
    mutating func readUpgrade(_ section: inout SettingsSection) throws(SettingsError) {
        upgradesAllowed = Rule(
            try section.flag("allowed", default: true), origin: section.origin(of: "allowed"))
        let expected = "hours, as \"sat,sun 22:00-06:00\""
        let hours = try section.list("hours", default: [], of: expected) { WeekHours($0) }
        upgradeHours = Rule(hours, origin: section.origin(of: "hours"))
        let range = Duration.seconds(1) ... .seconds(7200)
        upgradePatience = try section.duration("patience", default: upgradePatience, in: range)
        upgradeGrace = try section.duration("grace", default: upgradeGrace, in: range)
    }

    /// Throws where the owner of this host has its packages from elsewhere.
    func checkUpgrade() throws(Refusal) {
        guard upgradesAllowed.value else {
            throw Refusal(
                "upgrade.allowed", upgradesAllowed, "This host's policy does not let the controller upgrade it.")
        }
    }

    /// Whether packages may be installed now.
    package func mayUpgrade(at now: Timestamp) -> Bool {
        let moment = hoursZone.moment(of: now)
        return upgradeHours.value.isEmpty || upgradeHours.value.contains { $0.hold(moment) }
    }
}
