internal import CordonModel
internal import CordonScan
internal import CordonSigma

/// One line of an events file: an event, and what its line says of it.
struct LoggedEvent {
    let fields: JSONObject
    let logSource: LogSource?

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
            return
        }
        fields = event
    }

    private static func isWrapped(_ line: JSONObject) -> Bool {
        line["@timestamp"] == nil && line.keys.allSatisfy { $0 == "event" || line[$0]?.object == nil }
    }

    /// When it happened, where the event says so in a form that is known.
    var time: Timestamp? {
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
