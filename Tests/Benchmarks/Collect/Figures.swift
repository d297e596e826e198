/// What one run showed.
struct Figures {
    /// Whose.
    var sut: String
    /// `file` or `journal`.
    var source: String
    /// What counts as done: `read` and `parse` (nothing kept), `local` (on this host's disk), `remote` (on the receiver's).
    var leg: String
    var events: Int
    var bytes: Int
    var seconds: Double
    /// Of the reading process: user and system time.
    var processorSeconds: Double
    /// Anonymous memory of the reading process, its most.
    var anonymousKilobytes: Int
    /// User and system time of who receives, where there is one.
    var receiverProcessorSeconds: Double?
    var receiverAnonymousKilobytes: Int?
    /// What is to be known when rows are compared.
    var note = ""

    private var perSecond: Double { Double(events) / seconds }
    private var megabytes: Double { Double(bytes) / seconds / 1e6 }

    var json: String {
        var fields = [
            "\"sut\": \"\(sut)\"", "\"source\": \"\(source)\"", "\"leg\": \"\(leg)\"", "\"events\": \(events)",
            "\"events_per_second\": \(Int(perSecond))", "\"mb_per_second\": \(tenths(megabytes))",
            "\"cpu_s_per_million\": \(perMillion(processorSeconds))", "\"rss_anon_kb\": \(anonymousKilobytes)",
        ]
        if let receiverProcessorSeconds {
            fields.append("\"receiver_cpu_s_per_million\": \(perMillion(receiverProcessorSeconds))")
        }
        if let receiverAnonymousKilobytes { fields.append("\"receiver_rss_anon_kb\": \(receiverAnonymousKilobytes)") }
        if !note.isEmpty { fields.append("\"note\": \"\(note)\"") }
        return "{" + fields.joined(separator: ", ") + "}"
    }

    var words: String {
        let receiver = receiverProcessorSeconds.map { ", the receiver \(perMillion($0))" } ?? ""
        return "\(sut), \(source), \(leg): \(Int(perSecond)) events/s, \(tenths(megabytes)) MB/s, "
            + "\(perMillion(processorSeconds)) CPU s per million\(receiver), \(anonymousKilobytes) kB anonymous"
            + (note.isEmpty ? "" : " (\(note))")
    }

    private func perMillion(_ processorSeconds: Double) -> Double { tenths(processorSeconds * 1e6 / Double(events)) }

    private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

extension Figures {
    /// Of a process that is still there.
    init(sut: String, source: String, leg: String, events: Int, bytes: Int, _ usage: Usage) {
        self.init(
            sut: sut, source: source, leg: leg, events: events, bytes: bytes, seconds: usage.seconds,
            processorSeconds: usage.processorSeconds, anonymousKilobytes: usage.most)
    }

    /// Takes in what the receiver used.
    mutating func receive(_ usage: Usage) {
        receiverProcessorSeconds = usage.processorSeconds
        receiverAnonymousKilobytes = usage.most
    }
}
