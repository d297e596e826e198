internal import CordonModel
internal import CordonSigma

/// A pack of Sigma rules at work: every event is matched, matches are correlated, and both become alerts.
struct SigmaRules: Sendable {
    private var matcher: SigmaMatcher
    private var correlator: SigmaCorrelator
    private var remembered = RememberedEvents()
    private let surroundings: Surroundings

    /// - Throws: `SigmaError` when the bytes are no pack, or one of its rules cannot be used.
    init(pack bytes: [UInt8], surroundings: Surroundings) throws {
        let pack = try RulePack(bytes)
        matcher = SigmaMatcher(try SigmaEngine(pack.rules))
        correlator = try SigmaCorrelator(pack.correlations, rules: pack.rules.map(\.id))
        self.surroundings = surroundings
    }

    /// The alerts that one more event raises. One rule raises one alert an event, however many records it has.
    mutating func inspect(_ event: Event) -> [Alert] {
        var alerts: [Alert] = []
        for (match, view) in matcher.matches(inViews: SigmaRecord.views(of: event)) {
            if correlator.alertsByItself(match.id), match.level != .informational {
                alerts.append(alert(for: match, in: event))
            }
            guard correlator.isInterested(in: match.id) else { continue }
            let number = remembered.remember(event)
            // An event of the future would hold a window open for as long as it pleases.
            let time = min(event.timestamp, event.created)
            alerts += correlator.consume(match, of: view, at: time, event: number)
                .filter { $0.level != .informational }.map { alert(for: $0, last: event) }
        }
        return alerts
    }

    private func alert(for match: SigmaMatch, in event: Event) -> Alert {
        let entity = SigmaEntity(of: event)
        return Alert(
            id: surroundings.identifier(), agent: nil,
            rule: RuleReference(
                id: match.id, name: match.title, techniques: SigmaTags.techniques(match.tags), author: match.author),
            title: entity.titled(match.title), severity: Severity(match.level), firstSeen: event.timestamp,
            lastSeen: event.timestamp, count: 1, deduplicationKey: "\(match.id)|\(entity.key)",
            observables: entity.observables, evidence: [event])
    }

    private func alert(for match: CorrelationMatch, last event: Event) -> Alert {
        let entity = SigmaEntity(of: event)
        let group = match.group.map(\.value).joined(separator: ", ")
        let key = match.group.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
        let title = group.isEmpty ? match.title : "\(match.title): \(group)"
        return Alert(
            id: surroundings.identifier(), agent: nil,
            rule: RuleReference(
                id: match.id, name: match.title, techniques: SigmaTags.techniques(match.tags), author: match.author),
            title: String(decoding: title.utf8.prefix(Alert.Limits.title), as: UTF8.self),
            severity: Severity(match.level), firstSeen: match.first, lastSeen: match.last,
            count: max(1, match.events.count), deduplicationKey: "\(match.id)|\(key)",
            observables: entity.observables,
            evidence: Array(match.events.compactMap { remembered[$0] }.suffix(Alert.Limits.evidence)))
    }
}

/// The newest events that correlations may still name, by their number.
struct RememberedEvents: Sendable {
    /// How many are kept: what evidence is cut to, some times over.
    static let most = 1000

    private var events: [Event] = []
    private var count: UInt64 = 0

    /// Keeps the event, and forgets the oldest when there are too many.
    mutating func remember(_ event: Event) -> UInt64 {
        defer { count += 1 }
        if events.count < Self.most {
            events.append(event)
        } else {
            events[Int(count % UInt64(Self.most))] = event
        }
        return count
    }

    subscript(number: UInt64) -> Event? {
        guard number < count, number + UInt64(Self.most) >= count else { return nil }
        return events[Int(number % UInt64(Self.most))]
    }
}

/// Whom or what an event is about: what tells its alert from another of the same rule, and what may be seen elsewhere.
struct SigmaEntity {
    /// The first of user, source address and program that the event names.
    let key: String
    let observables: [Observable]

    init(of event: Event) {
        let user = event.text(.userName)
        let address = event.address(.sourceIP)
        let program = event.text(.processExecutable)
        key = user ?? address.map { "\($0)" } ?? program ?? ""
        var found: [Observable] = []
        if let address { found.append(Observable(address)) }
        if let address = event.address(.destinationIP) { found.append(Observable(address)) }
        if let user { found.append(Observable(kind: .user, value: user)) }
        if let program { found.append(Observable(kind: .process, value: program)) }
        if let path = event.text(.filePath) { found.append(Observable(kind: .file, value: path)) }
        observables = found
    }

    /// The rule's title, and whom it is about.
    func titled(_ title: String) -> String {
        let text = key.isEmpty ? title : "\(title) (\(key))"
        return String(decoding: text.utf8.prefix(Alert.Limits.title), as: UTF8.self)
    }
}

/// What Sigma's tags say.
enum SigmaTags {
    /// ATT&CK techniques: `attack.t1059.004` is `T1059.004`.
    static func techniques(_ tags: [String]) -> [String] {
        tags.compactMap { tag in
            guard tag.lowercased().hasPrefix("attack.t") else { return nil }
            let name = tag.dropFirst("attack.".count).uppercased()
            return name.dropFirst().first?.isNumber == true ? name : nil
        }
    }
}

extension Severity {
    /// Sigma's five words are ours.
    init(_ level: SigmaRule.Level) {
        switch level {
        case .informational: self = .informational
        case .low: self = .low
        case .medium: self = .medium
        case .high: self = .high
        case .critical: self = .critical
        }
    }
}
