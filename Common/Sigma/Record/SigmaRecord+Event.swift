package import CordonModel
internal import CordonScan

extension SigmaRecord {
    /// Every way in which rules see an event: as a whole, and, of the audit log, each of its records by itself, for
    /// rules of service `auditd` are about single records. Never empty.
    package static func views(of event: Event) -> [SigmaRecord] {
        var views = [SigmaRecord(event)]
        if isAudit(event) { views += auditViews(of: event) }
        return views
    }

    /// An event as a whole. An audit event that starts no process counts for no log source; its records do.
    package init(_ event: borrowing Event) {
        let (view, logSources) = EventView.of(event)
        let isSeenByRecord = view == .log && Self.isAudit(event)
        self.init(logSources: isSeenByRecord ? [] : logSources)
        reserve(entries: 2 * event.fields.count + 2, bytes: 2 * event.original.utf8.count + 256)
        for (field, value) in event.fields { add(value, field, view.names(field)) }
        for (name, value) in event.fields.others { add(value, FieldName(name)) }
        if view.hasUser, event.text(.userEffectiveName) == nil, let user = event.text(.userName) { add("User", user) }
        if view == .networkConnection { addInitiated(event) }
        addKeywords(event.original)
    }

    /// `Initiated`: whether the connection went out from this host.
    private mutating func addInitiated(_ event: borrowing Event) {
        switch event.text(.networkDirection) {
        case "egress", "outbound": add("Initiated", true)
        case "ingress", "inbound": add("Initiated", false)
        default: break
        }
    }

    private mutating func add(_ value: FieldValue, _ field: ECSField, _ names: [FieldName]) {
        let start = entries.count
        add(value, ecsNames[field] ?? FieldName(field.rawValue))
        let end = entries.count
        for name in names {
            for entry in start..<end { alias(entry, name) }
        }
    }

    private mutating func add(_ value: FieldValue, _ name: FieldName) {
        switch value {
        case .text(let text): add(name, text)
        case .number(let number): add(name, number)
        case .flag(let flag): add(name, flag)
        case .texts(let texts):
            if texts.isEmpty { addContainer(name) }
            for text in texts { add(name, text) }
        }
    }

    // MARK: - Audit

    private static func isAudit(_ event: borrowing Event) -> Bool {
        event.fields[.auditRecords] != nil || event.text(.eventModule) == "auditd"
    }

    /// Of each record, which `auditd.records` has as a JSON object, names and values decoded. What is no object is left
    /// out: the agent wrote it, so there is none.
    private static func auditViews(of event: Event) -> [SigmaRecord] {
        event.texts(.auditRecords).compactMap { text in
            guard case .object(let record)? = try? JSONValue.parse(text) else { return nil }
            return SigmaRecord(record, logSources: LogSource.auditd)
        }
    }
}

extension EventView {
    fileprivate var hasUser: Bool {
        switch self {
        case .processCreation, .fileEvent, .networkConnection: true
        default: false
        }
    }
}

/// Hashed once.
private let ecsNames: [ECSField: FieldName] = Dictionary(
    uniqueKeysWithValues: ECSField.allCases.map { ($0, FieldName($0.rawValue)) })
