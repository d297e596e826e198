internal import CordonModel
internal import CordonScan
internal import CordonSigma

/// One line of an events file: an event, and what its line says of it.
struct LoggedEvent {
    let fields: JSONObject
    /// The log source that the line names.
    let logSource: LogSource?
    /// The event as `cordon-agent normalize` wrote it; `nil` of any other, and where the line names a log source.
    let normalized: Event?

    /// A line that holds an event, rather than being one, has an object `event`, perhaps an object `logsource`, and
    /// otherwise nothing but notes: no other object, and no `@timestamp`, as normalised events have.
    init(_ line: JSONObject) {
        logSource = line["logsource"]?.object.map { object in
            LogSource(
                product: object["product"]?.text?.lowercased(), category: object["category"]?.text?.lowercased(),
                service: object["service"]?.text?.lowercased())
        }
        guard let event = line["event"]?.object, logSource != nil || Self.isWrapped(line) else {
            var fields = JSONObject()
            for (key, value) in line where key != "logsource" || logSource == nil { fields[key] = value }
            self.fields = fields
            normalized = logSource == nil ? Event(document: fields) : nil
            return
        }
        fields = event
        normalized = logSource == nil ? Event(document: event) : nil
    }

    /// How rules see it: one of ours as on the agent, any other as its fields are named.
    var views: [SigmaRecord] {
        if let normalized { return SigmaRecord.views(of: normalized) }
        return [SigmaRecord(fields, logSources: logSource.map { [$0] } ?? [])]
    }

    /// Whether nothing says which rules are about it.
    var hasNoLogSource: Bool { logSource == nil && normalized == nil }

    private static func isWrapped(_ line: JSONObject) -> Bool {
        line["@timestamp"] == nil && line.keys.allSatisfy { $0 == "event" || line[$0]?.object == nil }
    }

    /// When it happened, where the event says so in a form that is known.
    var time: Timestamp? {
        // As the agent has it: an event of the future would hold a window open for as long as it pleases.
        if let normalized { return min(normalized.timestamp, normalized.created) }
        for name in ["@timestamp", "timestamp", "UtcTime"] {
            guard var text = fields[name]?.text, text.utf8.count <= 40 else { continue }
            if let instant = Timestamp(rfc3339: text) { return instant }
            // As Sysmon writes it: in UTC, without saying so.
            text = text.split(separator: " ", maxSplits: 1).joined(separator: "T")
            if let instant = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "Z") { return instant }
        }
        return nil
    }
}
