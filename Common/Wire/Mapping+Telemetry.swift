package import CordonModel
internal import FoundationEssentials
internal import SwiftProtobuf

extension WireLimits {
    /// Items in one batch.
    package static let batchItems = 512
}

extension Cordon_V1_Alert {
    /// The alert as it is shipped; what is beyond `Alert.Limits` is left out. The agent is not in it: the connection
    /// says it.
    package init(_ alert: Alert) {
        self.init()
        alertID = alert.id.data
        ruleID = alert.rule.id
        ruleName = alert.rule.name
        ruleAuthor = alert.rule.author ?? ""
        techniques = Array(alert.rule.techniques.prefix(WireLimits.fieldTexts))
        title = alert.title.bounded(Alert.Limits.title)
        severity = alert.severity.rawValue
        firstSeenUs = alert.firstSeen.microseconds
        lastSeenUs = alert.lastSeen.microseconds
        count = UInt32(clamping: alert.count)
        deduplicationKey = alert.deduplicationKey
        observables = alert.observables.prefix(Alert.Limits.observables).map { Cordon_V1_Observable($0) }
        evidence = alert.evidence.prefix(Alert.Limits.evidence).map { Cordon_V1_Event($0) }
    }

    /// The alert as the model knows it, raised by the agent of the connection. Throws when what makes it an alert is
    /// missing or of an unknown shape; texts and lists beyond their limits are cut.
    package func model(from agent: AgentID) throws(WireError) -> Alert {
        guard let id = AlertID(bytes: alertID) else { throw WireError("alert_id is not 16 bytes") }
        guard let severity = Severity(rawValue: severity) else { throw WireError("severity is none of the five words") }
        guard (1...200).contains(ruleID.utf8.count) else { throw WireError("rule_id is not 1 to 200 bytes long") }
        guard (1...500).contains(deduplicationKey.utf8.count) else {
            throw WireError("deduplication_key is not 1 to 500 bytes long")
        }
        return Alert(
            id: id,
            agent: agent,
            rule: RuleReference(
                id: ruleID,
                name: ruleName.bounded(Alert.Limits.title),
                techniques: techniques.prefix(WireLimits.fieldTexts).map { $0.bounded(20) },
                author: ruleAuthor.isEmpty ? nil : ruleAuthor.bounded(Alert.Limits.title)
            ),
            title: title.bounded(Alert.Limits.title),
            severity: severity,
            firstSeen: Timestamp(microseconds: firstSeenUs),
            lastSeen: Timestamp(microseconds: lastSeenUs),
            count: Int(count),
            deduplicationKey: deduplicationKey,
            observables: observables.prefix(Alert.Limits.observables).compactMap { $0.model() },
            evidence: evidence.prefix(Alert.Limits.evidence).map { $0.model() }
        )
    }
}

extension Cordon_V1_Observable {
    /// The observable as it is shipped.
    package init(_ observable: Observable) {
        self.init()
        kind = observable.kind.rawValue
        value = observable.value.bounded(WireLimits.text)
    }

    /// `nil` for a kind that is not known here, and for an address that is none.
    package func model() -> Observable? {
        guard let kind = Observable.Kind(rawValue: kind) else { return nil }
        switch kind {
        case .ipv4, .ipv6: return IPAddress(value).map { Observable($0) }
        case .domain, .user, .process, .file, .host:
            return Observable(kind: kind, value: value.bounded(WireLimits.text))
        }
    }
}

// MARK: - Gaps and items

extension Cordon_V1_Gap {
    /// The gap as it is shipped.
    package init(_ gap: Gap) {
        self.init()
        source = gap.source.bounded(WireLimits.path)
        noticedAtUs = gap.noticedAt.microseconds
        message = gap.message.bounded(WireLimits.text)
        items = UInt64(clamping: gap.items)
        if let range = gap.range {
            itemClass = range.itemClass.bounded(20)
            firstSequence = range.first
            lastSequence = range.last
        }
    }

    /// The gap as the model knows it.
    package func model() -> Gap {
        Gap(
            source: source.bounded(WireLimits.path),
            noticedAt: Timestamp(microseconds: noticedAtUs),
            message: message.bounded(WireLimits.text),
            items: Int(clamping: items),
            range: firstSequence == 0
                ? nil
                : Gap.Range(
                    itemClass: itemClass.bounded(20), first: firstSequence,
                    last: max(firstSequence, lastSequence))
        )
    }
}

extension Telemetry {
    /// A serialised `Cordon_V1_Item`, as it lies in the spool and is shipped.
    package func serialized() throws -> [UInt8] {
        var item = Cordon_V1_Item()
        switch self {
        case .event(let event): return EventEncoding(event).item
        case .alert(let alert): item.alert = Cordon_V1_Alert(alert)
        case .gap(let gap): item.gap = Cordon_V1_Gap(gap)
        }
        return try item.serializedBytes()
    }

    /// The telemetry of a serialised `Cordon_V1_Item` from an agent; `nil` for a kind that is not known here, which is
    /// acknowledged and counted. Throws when it cannot be read.
    package static func read(item bytes: [UInt8], from agent: AgentID) throws(WireError) -> Telemetry? {
        // Nearly all are an event and nothing else.
        var reading = WireReading(0..<bytes.count)
        if let (field, content) = try? reading.next(bytes.span), field == 1, case .range(let range) = content,
            range.upperBound == bytes.count
        {
            return .event(try EventDecoding.event(bytes.span, range))
        }
        guard let item = try? Cordon_V1_Item(serializedBytes: bytes) else { throw WireError("it is no item") }
        return switch item.item {
        case .event(let event): .event(event.model())
        case .alert(let alert): .alert(try alert.model(from: agent))
        case .gap(let gap): .gap(gap.model())
        case nil: nil
        }
    }
}

extension Cordon_V1_Batch {
    /// A batch of items as they lie in the spool: none is looked at.
    package init(epoch: [UInt8], firstSequence: UInt64, spooled items: [[UInt8]]) {
        self.init()
        self.epoch = Data(epoch)
        self.firstSequence = firstSequence
        self.items = items.map { Data($0) }
    }
}
