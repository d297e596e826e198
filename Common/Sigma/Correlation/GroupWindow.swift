internal import CordonModel

/// The matches of one group of one correlation, by time; of equal times in order of arrival.
struct GroupWindow: Sendable {
    /// One match.
    struct Sample: Sendable {
        var time: Timestamp
        /// Its place among the correlation's rules.
        var rule: Int32
        /// What it is worth: a number, or a mark of a text; not used by kinds that only count.
        var value: Double
        var mark: UInt64
        var event: UInt64
    }

    private(set) var samples: [Sample] = []
    /// When it fired last; `nil` once the condition was seen false after that.
    var fired: Timestamp?
    var isTruncated = false

    /// The newest time; windows are never empty once they are used.
    var newest: Timestamp { samples.last?.time ?? Timestamp(microseconds: .min) }

    /// Puts a sample where its time says, and forgets what no window reaches any more.
    ///
    /// - Returns: How many samples there are more, and where the new one is.
    mutating func insert(_ sample: Sample, reach: Duration, most: Int) -> (growth: Int, place: Int) {
        let before = samples.count
        var place = samples.count
        while place > 0, samples[place - 1].time > sample.time { place -= 1 }
        samples.insert(sample, at: place)
        let oldest = newest - reach
        var gone = samples.firstIndex { $0.time > oldest } ?? 0
        if samples.count - gone > most {
            gone = samples.count - most
            isTruncated = true
        }
        samples.removeFirst(gone)
        return (samples.count - before, place - gone)
    }

    /// What lies in the window that ends with the sample at the place: later than its time less the span, up to it, and
    /// those of the same time that came later not.
    func window(endingAt place: Int, span: Duration) -> ArraySlice<Sample> {
        let start = samples[place].time - span
        var (low, high) = (0, place)
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].time > start { high = middle } else { low = middle + 1 }
        }
        return samples[low...place]
    }
}
