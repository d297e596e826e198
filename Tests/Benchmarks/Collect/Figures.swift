/// What one run showed.
struct Figures {
    /// Whose.
    var sut: String
    /// `file` or `journal`.
    var source: String
    /// What counts as done: `read` (nothing kept), `local` (on this host's disk), `receiver` (on the receiver's disk).
    var leg: String
    var events: Int
    var bytes: Int
    var seconds: Double
    /// Of the sending process: user and system time.
    var processorSeconds: Double
    /// Anonymous memory of the sending process, its most.
    var anonymousKilobytes: Int

    private var perSecond: Double { Double(events) / seconds }
    private var megabytes: Double { Double(bytes) / seconds / 1e6 }
    private var perMillion: Double { processorSeconds * 1e6 / Double(events) }

    var json: String {
        "{\"sut\": \"\(sut)\", \"source\": \"\(source)\", \"leg\": \"\(leg)\", \"events\": \(events), "
            + "\"events_per_second\": \(Int(perSecond)), \"mb_per_second\": \(tenths(megabytes)), "
            + "\"cpu_s_per_million\": \(tenths(perMillion)), \"rss_anon_kb\": \(anonymousKilobytes)}"
    }

    var words: String {
        "\(sut), \(source), \(leg): \(Int(perSecond)) events/s, \(tenths(megabytes)) MB/s, "
            + "\(tenths(perMillion)) CPU s per million, \(anonymousKilobytes) kB anonymous"
    }

    private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
