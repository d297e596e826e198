package import CordonModel

/// How dear an item is: when the spool must drop, the oldest of the lowest class go first.
package enum SpoolClass: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// Log lines of no special meaning, such as those of a web server.
    case bulk
    /// What happens on the host: processes, files, connections.
    case activity
    /// Sign-ins, accounts, the audit trail, alerts, and what the agent says of itself. It has a reserve of its own.
    case security

    package static func < (left: SpoolClass, right: SpoolClass) -> Bool { left.rawValue < right.rawValue }

    /// The word that gap records and people use.
    package var name: String {
        switch self {
        case .bulk: "bulk"
        case .activity: "activity"
        case .security: "security"
        }
    }

    /// The class of an item. Events are told by ECS `event.category` and, for the audit trail, `event.dataset`.
    package init(_ telemetry: Telemetry) {
        switch telemetry {
        case .alert, .gap: self = .security
        case .event(let event): self.init(event)
        }
    }

    private static let securityCategories: Set<String> = [
        "authentication", "iam", "session", "intrusion_detection", "malware", "threat",
    ]
    private static let activityCategories: Set<String> = [
        "process", "file", "network", "configuration", "package", "driver", "library", "host",
    ]

    private init(_ event: Event) {
        let categories: Set<String> =
            switch event.fields[.eventCategory] {
            case .text(let text): [text]
            case .texts(let texts): Set(texts)
            default: []
            }
        let isAudit = event.text(.eventDataset).map { $0.hasPrefix("audit") } ?? false
        if isAudit || !categories.isDisjoint(with: Self.securityCategories) {
            self = .security
        } else {
            self = categories.isDisjoint(with: Self.activityCategories) ? .bulk : .activity
        }
    }
}
