internal import CordonModel
internal import CordonScan

// How parsers fill an event.

extension Event {
    mutating func set(_ field: ECSField, _ text: String?) { if let text { fields[field] = .text(text) } }

    mutating func set(_ field: ECSField, _ bytes: ArraySlice<UInt8>?) { set(field, bytes?.string) }

    mutating func set(_ field: ECSField, _ number: Int64?) { if let number { fields[field] = .number(number) } }

    /// The four fields by which ECS sorts events.
    mutating func classify(_ category: String, _ type: String, action: String, outcome: String? = nil) {
        classify([category], [type], action: action, outcome: outcome)
    }

    /// The same, for an event of several kinds.
    mutating func classify(_ categories: [String], _ types: [String], action: String, outcome: String? = nil) {
        fields[.eventCategory] = .texts(categories)
        fields[.eventType] = .texts(types)
        fields[.eventAction] = .text(action)
        set(.eventOutcome, outcome)
    }

    /// The module that understood it, and the kind of log.
    mutating func name(_ module: String, dataset: String) {
        set(.eventModule, module)
        set(.eventDataset, dataset)
    }

    mutating func tag(_ tag: String) {
        if case .texts(let tags) = fields[.tags] {
            if !tags.contains(tag) { fields[.tags] = .texts(tags + [tag]) }
        } else {
            fields[.tags] = .texts([tag])
        }
    }

    mutating func set(_ peer: Peer) {
        set(.sourceAddress, peer.host)
        if let address = peer.address { set(.sourceIP, "\(address)") }
        set(.sourcePort, peer.port)
    }

    /// Facility and severity of the priority (RFC 5424 §6.2.1).
    mutating func setSyslogCodes() {
        guard let priority = number(.logSyslogPriority), (0..<192).contains(priority) else { return }
        set(.logSyslogFacility, priority / 8)
        set(.logSyslogSeverity, priority % 8)
    }
}
