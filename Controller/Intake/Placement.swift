internal import CordonModel
internal import Logging

/// Finds the case of each alert that waits for one. One at a time: two alerts of one attack that come at once must not
/// open two cases.
actor Placement {
    private let repository: any IntakeRepository
    private let cases: any CaseOpening
    private let settings: IntakeSettings
    private let logger: Logger
    private var isWorking = false
    private var isAskedAgain = false

    init(repository: any IntakeRepository, cases: any CaseOpening, settings: IntakeSettings, logger: Logger) {
        self.repository = repository
        self.cases = cases
        self.settings = settings
        self.logger = logger
    }

    /// Works until nothing waits. A call during another one returns at once; the other one does its work too.
    func settleAll() async {
        isAskedAgain = true
        guard !isWorking else { return }
        isWorking = true
        defer { isWorking = false }
        while isAskedAgain {
            isAskedAgain = false
            await pass()
        }
    }

    /// One pass over what waits. An alert that cannot be placed stays for the next call and holds up no other.
    private func pass() async {
        var failed: Set<AlertID> = []
        while true {
            do {
                let waiting = try await repository.pendingAlerts(limit: 100 + failed.count).filter {
                    !failed.contains($0.alert.id)
                }
                guard !waiting.isEmpty else { return }
                for pending in waiting where await !settled(pending) { failed.insert(pending.alert.id) }
            } catch {
                logger.error("Alerts wait for their case: \(error)")
                return
            }
        }
    }

    private func settled(_ pending: PendingAlert) async -> Bool {
        do {
            try await place(pending)
            try await repository.settle(pending.alert.id, revision: pending.revision)
            return true
        } catch {
            logger.error("Alert \(pending.alert.id) waits for its case: \(error)")
            return false
        }
    }

    private func place(_ pending: PendingAlert) async throws {
        let alert = pending.alert
        if let own = pending.caseID { return try await cases.recurred(alert, in: own) }
        let shareable = Grouping.addresses(of: alert)
        let since = alert.lastSeen - settings.groupingWindow
        if !shareable.isEmpty, let near = try await repository.neighbour(of: alert, addresses: shareable, since: since),
            try await cases.join(near.caseID, alert: alert, because: Grouping.reason(for: alert, near: near))
        {
            return
        }
        guard alert.severity >= settings.opensCase else { return }
        _ = try await cases.open(
            for: alert, because: Grouping.reason(alone: alert, shareable, within: settings.groupingWindow))
    }
}

/// By what alerts belong together, and the sentences that say so. No text of an agent stands in them but addresses.
enum Grouping {
    /// Addresses that tell one party from another: not loopback, unspecified, link-local or multicast, which everybody has.
    static func addresses(of alert: Alert) -> [Observable] {
        alert.observables.compactMap { observable in
            guard observable.kind == .ipv4 || observable.kind == .ipv6, let address = IPAddress(observable.value),
                !everybodys.contains(where: { $0.contains(address) })
            else { return nil }
            return Observable(address)
        }
    }

    static func reason(for alert: Alert, near: Neighbour) -> String {
        "Joined this case because alert \(near.alert) of it is on the same host and has the same address "
            + "\(near.shared.value), \(span(alert.lastSeen - near.lastSeen)) apart."
    }

    static func reason(alone alert: Alert, _ addresses: [Observable], within window: Duration) -> String {
        addresses.isEmpty
            ? "Opened a case of its own because it names no address that another alert could share."
            : "Opened a case of its own because no open case has an alert on the same host with "
                + "\(addresses.prefix(3).map(\.value).joined(separator: " or ")) within \(span(window))."
    }

    private static let everybodys: [Network] = [
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8",
    ].compactMap { Network($0) }

    private static func span(_ duration: Duration) -> String {
        let seconds = abs(duration.wholeSeconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h"
        }
    }
}
