internal import ControllerFleet
internal import CordonModel

extension Alert {
    /// The health gate stopped an upgrade: its last straw was this host.
    init(_ alarm: UpgradeAlarm) {
        self.init(
            id: alarm.alert, agent: alarm.host,
            rule: RuleReference(id: "cordon.upgrade.stopped", name: "An upgrade was stopped"),
            title: "The upgrade to \(alarm.version) was stopped: \(alarm.why)", severity: .high, firstSeen: alarm.at,
            lastSeen: alarm.at, count: 1, deduplicationKey: "cordon.upgrade.stopped/\(alarm.alert)", observables: [],
            evidence: [])
    }
}
