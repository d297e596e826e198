/// The hosts of the fleet.
package struct HostsPage: Page {
    package static let template = "hosts"
    package var frame: Frame
    package var hosts: [HostRow]
    /// `3 hosts, 2 online, 1 isolated`
    package var tally: String

    package init(frame: Frame, hosts: [HostRow], tally: String) {
        self.frame = frame
        self.hosts = hosts
        self.tally = tally
    }
}

/// A host in the table.
package struct HostRow: Sendable {
    package var hostID: String
    package var hostName: String
    package var group: String?
    package var presence: StateMark
    package var containment: StateMark
    package var detail: String
    package var system: String
    /// Of the agent's and enforcer's packages.
    package var version: String
    /// How far the newest upgrade is at it.
    package var upgrading: StateMark?
    package var seen: Moment?

    package init(
        hostID: String, hostName: String, group: String?, presence: StateMark, containment: StateMark, detail: String,
        system: String, version: String, upgrading: StateMark? = nil, seen: Moment?
    ) {
        self.hostID = hostID
        self.hostName = hostName
        self.group = group
        self.presence = presence
        self.containment = containment
        self.detail = detail
        self.system = system
        self.version = version
        self.upgrading = upgrading
        self.seen = seen
    }
}
