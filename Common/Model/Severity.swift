/// How bad, in the five words of the Sigma specification's `level`, ordered.
package enum Severity: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case informational
    case low
    case medium
    case high
    case critical

    /// ECS `event.severity` and CACAO `severity`: 0 to 100.
    package var score: Int {
        switch self {
        case .informational: 10
        case .low: 30
        case .medium: 50
        case .high: 75
        case .critical: 95
        }
    }

    package static func < (left: Severity, right: Severity) -> Bool { left.score < right.score }
}
