internal import CordonModel

extension IntakeSettings {
    /// Looks at every item of a batch. What is beyond its limits is kept aside or, an alert, cut and kept aside whole.
    func check(_ batch: ShippedBatch, from agent: AgentID, at now: Timestamp) throws(IntakeError) -> CheckedBatch {
        guard batch.epoch.count == 16 else { throw .malformed("its epoch has \(batch.epoch.count) bytes, not 16") }
        guard batch.items.count <= ShippedBatch.Limits.items else {
            throw .malformed("it has \(batch.items.count) items, more than \(ShippedBatch.Limits.items)")
        }
        let room = UInt64(Int64.max) - UInt64(ShippedBatch.Limits.items)
        guard (1...room).contains(batch.firstSequence) else {
            throw .malformed("its first sequence is \(batch.firstSequence)")
        }
        return CheckedBatch(
            agent: agent, epoch: batch.epoch, firstSequence: batch.firstSequence,
            items: batch.items.map { CheckedItem($0, from: agent) }, receivedAt: now, window: deduplicationWindow
        )
    }
}

extension CheckedItem {
    /// The item, with the agent's identity from its certificate, whatever the item says.
    init(_ item: ShippedItem, from agent: AgentID) {
        switch item {
        case .telemetry(.event(let event)): self.init(event)
        case .telemetry(.alert(var alert)):
            alert.agent = agent
            self.init(alert)
        case .telemetry(.gap(let gap)): self = .gap(gap.fitted)
        case .unreadable(let bytes, let reason):
            self = .aside(reason: reason.prefix(bytes: 500), bytes: Array(bytes.prefix(ShippedBatch.Limits.aside)))
        }
    }

    private init(_ event: Event) {
        let size = event.textBytes
        self =
            size <= ShippedBatch.Limits.event
            ? .event(event)
            : .aside(
                reason: "An event of \(size) bytes, more than \(ShippedBatch.Limits.event).",
                bytes: Array(event.original.utf8.prefix(ShippedBatch.Limits.aside))
            )
    }

    private init(_ alert: Alert) {
        let (fitted, faults) = alert.fitted
        guard !faults.isEmpty else {
            self = .alert(alert)
            return
        }
        let whole =
            "\(alert.rule.id)\n\(alert.rule.name)\n\(alert.title)\n\(alert.deduplicationKey)\n"
            + alert.observables.map { "\($0.kind.rawValue) \($0.value)" }.joined(separator: "\n") + "\n"
            + alert.evidence.map(\.original).joined(separator: "\n")
        self = .cutAlert(
            fitted, reason: "An alert beyond its limits was cut: \(faults.joined(separator: ", ")).",
            bytes: Array(whole.utf8.prefix(ShippedBatch.Limits.aside))
        )
    }
}

extension Event {
    /// Bytes of all its texts.
    var textBytes: Int {
        fields.named.reduce(original.utf8.count) { sum, field in
            switch field.value {
            case .text(let text): sum + text.utf8.count
            case .texts(let texts): texts.reduce(sum) { $0 + $1.utf8.count + 8 }
            case .number, .flag: sum + 8
            }
        }
    }
}

extension Gap {
    fileprivate var fitted: Gap {
        Gap(
            source: source.prefix(bytes: 500), noticedAt: noticedAt, message: message.prefix(bytes: 2000),
            items: max(items, 0),
            range: range.map { Range(itemClass: $0.itemClass.prefix(bytes: 20), first: $0.first, last: $0.last) }
        )
    }
}

extension Alert {
    /// The alert within its limits, and what was beyond them.
    fileprivate var fitted: (Alert, faults: [String]) {
        typealias Bounds = ShippedBatch.Limits
        var alert = self
        var faults: [String] = []
        func cut(_ text: inout String, _ limit: Int, _ name: String) {
            guard text.utf8.count > limit else { return }
            faults.append("\(name) of \(text.utf8.count) bytes")
            text = text.prefix(bytes: limit)
        }
        func shorten<Item>(_ items: inout [Item], _ limit: Int, _ name: String) {
            guard items.count > limit else { return }
            faults.append("\(items.count) \(name)")
            items.removeLast(items.count - limit)
        }
        cut(&alert.title, Limits.title, "a title")
        cut(&alert.deduplicationKey, Bounds.key, "a key")
        cut(&alert.rule.id, Bounds.rule, "a rule")
        cut(&alert.rule.name, Bounds.rule, "a rule name")
        if var author = alert.rule.author {
            cut(&author, Bounds.rule, "a rule's author")
            alert.rule.author = author
        }
        shorten(&alert.rule.techniques, Bounds.techniques, "techniques")
        shorten(&alert.observables, Limits.observables, "observables")
        shorten(&alert.evidence, Limits.evidence, "events")
        alert.observables.removeAll { $0.value.utf8.count > Bounds.observable }
        alert.evidence.removeAll { $0.textBytes > Bounds.event }
        alert.rule.techniques.removeAll { $0.utf8.count > Bounds.rule }
        if alert.observables.count < min(observables.count, Limits.observables) { faults.append("a long observable") }
        if alert.evidence.count < min(evidence.count, Limits.evidence) { faults.append("a long event") }
        if alert.rule.techniques.count < min(rule.techniques.count, Bounds.techniques) {
            faults.append("a long technique")
        }
        if !(1...1_000_000_000).contains(count) {
            faults.append("a count of \(count)")
            alert.count = min(max(count, 1), 1_000_000_000)
        }
        return (alert, faults)
    }
}

extension String {
    /// At most that many bytes of UTF-8, cut between scalars.
    func prefix(bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
