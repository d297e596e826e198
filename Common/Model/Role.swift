/// What a person or a token may do; each role may all that the ones before it may.
package enum Role: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Look.
    case viewer
    /// Also work on cases: notes, tasks, status, assignment.
    case analyst
    /// Also contain: orders, playbook runs, approvals.
    case responder
    /// Also the fleet and the people: enrolment tokens, revocation, users.
    case administrator

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .analyst: 1
        case .responder: 2
        case .administrator: 3
        }
    }

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}

/// Who does a thing, as it stands in the audit chain.
package struct Principal: Sendable, Hashable, Codable {
    /// A user's name, `playbook:RUN`, `agent:ID`, or `system`.
    package var name: String
    package var role: Role

    package init(name: String, role: Role) {
        self.name = name
        self.role = role
    }

    /// The controller itself.
    package static let system = Principal(name: "system", role: .administrator)
}
