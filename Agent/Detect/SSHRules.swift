package import CordonModel

/// The two rules about OpenSSH that stand before rule packs do. They see what `AgentCollect` makes of sshd's lines
/// (`event.action` = `ssh_login`) and keep, for each source address, what happened within a window of the log's own
/// time.
///
/// - `cordon.sshd.bruteforce` (medium, T1110.001): at least `failures` failed logons from one address within `window`.
/// - `cordon.sshd.login_after_failures` (critical, T1110, T1078): a logon that succeeds from an address with at least
///   `failuresBeforeLogin` failed ones within `window`.
///
/// The first is raised again only when the count has doubled. A failed logon is a `Failed password` or `Failed
/// keyboard-interactive` line; a connection that ends before authentication counts once for a user where no such line
/// came from its process, for servers that take keys only. Failed public keys do not count: clients offer all they
/// have. Memory is bounded: the addresses heard of longest ago are forgotten.
package struct SSHRules: Sendable {
    /// Thresholds.
    package struct Settings: Sendable, Hashable {
        /// 2 to 100.
        package var failures: Int
        package var failuresBeforeLogin: Int
        package var window: Duration
        /// Source addresses remembered.
        package var sources: Int

        package init(
            failures: Int = 8, failuresBeforeLogin: Int = 3, window: Duration = .seconds(120), sources: Int = 2048
        ) {
            self.failures = min(max(failures, 2), 100)
            self.failuresBeforeLogin = min(max(failuresBeforeLogin, 1), 100)
            self.window = window
            self.sources = max(sources, 1)
        }

        /// Instants that the thresholds need of each source.
        fileprivate var kept: Int { max(failures, failuresBeforeLogin) }
    }

    package static let bruteforce = RuleReference(
        id: "cordon.sshd.bruteforce",
        name: "SSH password guessing",
        techniques: ["T1110.001"]
    )
    package static let loginAfterFailures = RuleReference(
        id: "cordon.sshd.login_after_failures",
        name: "SSH logon after failed ones",
        techniques: ["T1110", "T1078"]
    )

    private let settings: Settings
    private let surroundings: Surroundings
    private var sources: [IPAddress: SourceHistory] = [:]
    /// Rises with every event, to know which source was heard of longest ago.
    private var tick: UInt64 = 0

    package init(settings: Settings = Settings(), surroundings: Surroundings) {
        self.settings = settings
        self.surroundings = surroundings
    }

    /// Source addresses that are remembered now.
    package var remembered: Int { sources.count }

    /// What the rules say about one more event; events come in the order of their log.
    package mutating func inspect(_ event: Event) -> [Alert] {
        guard event.text(.eventAction) == SSHRules.loginAction, let source = event.address(.sourceIP) else { return [] }
        tick += 1
        switch event.text(.eventOutcome) {
        case "failure": return failed(event, source)
        case "success": return succeeded(event, source)
        default: return []
        }
    }

    /// `event.action` of a finished try to log on.
    package static let loginAction = "ssh_login"

    private mutating func failed(_ event: Event, _ source: IPAddress) -> [Alert] {
        guard let weight = weight(event, sources[source]) else { return [] }
        var history = sources.removeValue(forKey: source) ?? SourceHistory()
        history.count(event, weight: weight, window: settings.window, keeping: settings.kept, tick: tick)
        let recent = history.recent(at: event.timestamp, window: settings.window)
        var alerts: [Alert] = []
        if recent >= settings.failures, history.total >= history.nextRaise {
            history.nextRaise = max(history.total, settings.failures) * 2
            alerts.append(guessing(history, source))
        }
        makeRoom()
        sources[source] = history
        return alerts
    }

    /// How many failed logons the event is; `nil` when it is none, or was counted already.
    private func weight(_ event: Event, _ history: SourceHistory?) -> Int? {
        let repeats = Int(clamping: event.number(.messageRepeats) ?? 1)
        switch event.text(.sshMethod) {
        case "password", "keyboard-interactive", "keyboard-interactive/pam": return min(max(repeats, 1), 1000)
        case nil:
            guard let pid = event.number(.processPID), event.text(.userName) != nil else { return nil }
            return history?.pids.contains(pid) == true ? nil : 1
        default: return nil
        }
    }

    private mutating func succeeded(_ event: Event, _ source: IPAddress) -> [Alert] {
        guard var history = sources[source] else { return [] }
        let recent = history.recent(at: event.timestamp, window: settings.window)
        guard recent >= settings.failuresBeforeLogin else { return [] }
        let alert = intrusion(history, event, source)
        // The next logon needs failures of its own.
        history.forget()
        sources[source] = history
        return [alert]
    }

    /// Forgets the source heard of longest ago, and with it an eighth, so that a flood of addresses costs little each.
    private mutating func makeRoom() {
        guard sources.count >= settings.sources else { return }
        let oldest = sources.sorted { $0.value.tick < $1.value.tick }.prefix(max(1, settings.sources / 8))
        for (source, _) in oldest { sources.removeValue(forKey: source) }
    }

    // MARK: - Alerts

    private func guessing(_ history: SourceHistory, _ source: IPAddress) -> Alert {
        let users = history.users.count == 1 ? "user \(history.users[0])" : "\(history.users.count) users"
        return Alert(
            id: surroundings.identifier(),
            agent: nil,
            rule: Self.bruteforce,
            title: "\(history.total) failed SSH logons from \(source) for \(users)",
            severity: .medium,
            firstSeen: history.first,
            lastSeen: history.last,
            count: history.total,
            deduplicationKey: "\(Self.bruteforce.id)|\(source)",
            observables: [Observable(source)] + history.users.map { Observable(kind: .user, value: $0) },
            evidence: history.evidence
        )
    }

    private func intrusion(_ history: SourceHistory, _ event: Event, _ source: IPAddress) -> Alert {
        let user = event.text(.userName) ?? "unknown"
        return Alert(
            id: surroundings.identifier(),
            agent: nil,
            rule: Self.loginAfterFailures,
            title: "SSH logon of \(user) from \(source) after \(history.total) failed ones",
            severity: .critical,
            firstSeen: history.first,
            lastSeen: max(event.timestamp, history.last),
            count: history.total + 1,
            deduplicationKey: "\(Self.loginAfterFailures.id)|\(source)",
            observables: [Observable(source), Observable(kind: .user, value: user)],
            evidence: history.evidence + [event]
        )
    }
}
