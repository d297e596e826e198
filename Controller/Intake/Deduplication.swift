package import CordonModel

extension Alert {
    /// What this alert becomes when another report of the same thing comes.
    ///
    /// - Parameter isSameReport: The report has this alert's own identifier: it is the alert again, grown or delivered
    ///   twice, and its count is not added.
    /// - Returns: The alert, and whether its case should hear of it: more severe, or with observables that are new.
    package func merged(with report: Alert, isSameReport: Bool) -> (alert: Alert, hasGrown: Bool) {
        var merged = self
        let (sum, overflow) = count.addingReportingOverflow(report.count)
        merged.count = isSameReport ? max(count, report.count) : overflow ? .max : sum
        merged.severity = max(severity, report.severity)
        merged.firstSeen = min(firstSeen, report.firstSeen)
        merged.lastSeen = max(lastSeen, report.lastSeen)
        var known = Set(observables)
        for observable in report.observables where merged.observables.count < Limits.observables {
            if known.insert(observable).inserted { merged.observables.append(observable) }
        }
        merged.evidence = Self.sample(of: evidence + report.evidence.filter { !evidence.contains($0) })
        return (merged, merged.severity > severity || merged.observables.count > observables.count)
    }

    /// As many events as may be kept: how it began, and the newest.
    private static func sample(of events: [Event]) -> [Event] {
        guard events.count > Limits.evidence else { return events }
        let half = Limits.evidence / 2
        return Array(events.prefix(half) + events.suffix(Limits.evidence - half))
    }
}
