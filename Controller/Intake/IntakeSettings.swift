package import CordonModel

/// What an operator may set.
package struct IntakeSettings: Sendable, Hashable {
    /// Alerts with one key whose times are no farther apart than this are one alert.
    package var deduplicationWindow: Duration
    /// An alert joins a case by what it shares with an alert of at most this age.
    package var groupingWindow: Duration
    /// Below this an alert joins a case but opens none.
    package var opensCase: Severity
    package var retention: Retention

    package init(
        deduplicationWindow: Duration = .seconds(3600), groupingWindow: Duration = .seconds(86_400),
        opensCase: Severity = .low,
        retention: Retention = Retention()
    ) {
        self.deduplicationWindow = deduplicationWindow
        self.groupingWindow = groupingWindow
        self.opensCase = opensCase
        self.retention = retention
    }
}
