package import CordonModel

/// Correlation rules over the matches of other rules (specification 2.1.0). It has no clock: time is what events say.
///
/// Where the specification leaves a point open:
/// - A window is (t − timespan, t] for every match at t that counts; windows slide.
/// - A match is judged when it comes. One that comes late is put where its time says, and the windows after it are
///   judged again. One that is older than the group's newest by more than timespan and lateness is only counted
///   (``late``). Lateness is each group's own, for hosts lag differently.
/// - It fires when the condition becomes true, and then not until a match came with which the condition was false, or
///   the timespan has passed.
/// - A match that lacks a field of `group-by` or of the condition, or has no number where one is needed, counts nowhere.
///   Of a list the first value counts. Values are compared as they are.
/// - `temporal_ordered`: matches of one time are in order of arrival; a condition is about how many rules of the list,
///   from its beginning, came in order.
/// - A percentile is that of the nearest rank.
/// - Another correlation sees of one its group's values only, by the names of its `group-by`.
package struct SigmaCorrelator: Sendable {
    /// How much is remembered; attackers choose the values of groups.
    package struct Limits: Sendable, Hashable {
        /// Matches of one correlation, all groups together.
        package var matches: Int
        /// Matches of one group.
        package var matchesInGroup: Int
        /// Events that a match names.
        package var events: Int
        package var lateness: Duration

        package init(
            matches: Int = 100_000, matchesInGroup: Int = 10_000, events: Int = 100, lateness: Duration = .seconds(60)
        ) {
            self.matches = max(matches, 16)
            self.matchesInGroup = max(min(matchesInGroup, self.matches), 1)
            (self.events, self.lateness) = (max(events, 1), max(lateness, .zero))
        }
    }

    private let plan: CorrelationPlan
    private let limits: Limits
    private var states: [State]
    /// Matches that came too late to count.
    package private(set) var late = 0
    /// Groups that were forgotten, or cut, for there was too much.
    package private(set) var truncations = 0

    /// What one correlation remembers.
    private struct State: Sendable {
        var groups: [[String]: GroupWindow] = [:]
        var samples = 0
        var newest = Timestamp(microseconds: .min)
    }

    /// Bytes of a value that tell groups apart.
    private static let longestValue = 1024

    /// - Parameter rules: The `id` of every rule whose matches will come.
    /// - Throws: ``SigmaError`` for an unknown rule, a circle, too deep a chain, or a condition that no event can fulfil.
    package init(
        _ correlations: [CorrelationRule], rules: some Sequence<String>, limits: Limits = Limits()
    ) throws(SigmaError) {
        plan = try CorrelationPlan(correlations, rules: Set(rules))
        self.limits = limits
        states = Array(repeating: State(), count: correlations.count)
    }

    /// Whether the rule's matches are alerts of their own: nothing looks at it, or what does says `generate`.
    package func alertsByItself(_ rule: String) -> Bool { !plan.silent.contains(rule) }

    /// Whether any correlation looks at the rule.
    package func isInterested(in rule: String) -> Bool { plan.listeners[rule] != nil }

    /// Matches that are remembered now.
    package var remembered: Int { states.reduce(0) { $0 + $1.samples } }

    /// The correlations that one more match makes true; only those that alert by themselves.
    ///
    /// - Parameters:
    ///   - time: When the event happened; the caller sees to it that no event is of the future.
    ///   - event: The caller's number of the event.
    package mutating func consume(
        _ match: SigmaMatch, of record: SigmaRecord, at time: Timestamp, event: UInt64
    ) -> [CorrelationMatch] {
        guard isInterested(in: match.id) else { return [] }
        var waiting = heard(match.id, at: time, event: event) { record.texts(FieldName($0)).first }
        var fired: [CorrelationMatch] = []
        // The plan has no circles.
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            if alertsByItself(next.id) { fired.append(next) }
            waiting += heard(next.id, at: next.last, event: next.events.last ?? event) { name in
                next.group.first { $0.name == name }?.value
            }
        }
        return fired
    }

    private mutating func heard(
        _ rule: String, at time: Timestamp, event: UInt64, value: (String) -> String?
    ) -> [CorrelationMatch] {
        (plan.listeners[rule] ?? []).compactMap { listener in
            let correlation = plan.correlations[listener.correlation]
            func field(_ name: String) -> String? { value(correlation.aliases[name]?[rule] ?? name).map(Self.cut) }
            var group: [String] = []
            for name in correlation.groupBy {
                guard let value = field(name) else { return nil }
                group.append(value)
            }
            guard var sample = Self.sample(of: correlation, field) else { return nil }
            (sample.time, sample.rule, sample.event) = (time, listener.rule, event)
            return count(sample, group, in: listener.correlation)
        }
    }

    private static func cut(_ value: String) -> String {
        value.utf8.count <= longestValue ? value : String(decoding: value.utf8.prefix(longestValue), as: UTF8.self)
    }

    /// What the match is worth; `nil` where it does not count.
    private static func sample(of correlation: CorrelationRule, _ field: (String) -> String?) -> GroupWindow.Sample? {
        var sample = GroupWindow.Sample(time: Timestamp(seconds: 0), rule: 0, value: 0, mark: 0, event: 0)
        var hasher = Hasher()
        for name in correlation.valueFields {
            guard let text = field(name) else { return nil }
            hasher.combine(text)
            guard correlation.needsNumbers else { continue }
            guard let number = Atom.Test.number(text) else { return nil }
            sample.value = number
        }
        sample.mark = UInt64(bitPattern: Int64(hasher.finalize()))
        return sample
    }

    private mutating func count(
        _ sample: GroupWindow.Sample, _ group: [String], in number: Int
    ) -> CorrelationMatch? {
        let correlation = plan.correlations[number]
        let span = Duration.seconds(correlation.timespan)
        var window = states[number].groups.removeValue(forKey: group) ?? GroupWindow()
        defer { states[number].groups[group] = window }
        guard window.samples.isEmpty || sample.time > window.newest - span - limits.lateness else {
            late += 1
            return nil
        }
        let wasTruncated = window.isTruncated
        let (growth, place) = window.insert(sample, reach: span + limits.lateness, most: limits.matchesInGroup)
        if window.isTruncated, !wasTruncated { truncations += 1 }
        states[number].newest = max(states[number].newest, sample.time)
        states[number].samples += growth
        if states[number].samples > limits.matches { makeRoom(in: number, reach: span + limits.lateness) }
        return place < 0 ? nil : judge(&window, from: place, correlation, group)
    }

    /// Judges the window that ends with the new match, and those after it that hold it.
    private func judge(
        _ window: inout GroupWindow, from place: Int, _ correlation: CorrelationRule, _ group: [String]
    ) -> CorrelationMatch? {
        let span = Duration.seconds(correlation.timespan)
        let end = window.samples[place].time + span
        for last in place..<window.samples.count where window.samples[last].time < end {
            let now = window.samples[last].time
            let samples = window.window(endingAt: last, span: span)
            guard let figure = correlation.figure(samples), correlation.isFulfilled(figure) else {
                if last == window.samples.count - 1 { window.fired = nil }
                continue
            }
            if let fired = window.fired, now < fired + span { continue }
            window.fired = now
            return match(correlation, group, samples, figure, isTruncated: window.isTruncated)
        }
        return nil
    }

    private func match(
        _ correlation: CorrelationRule, _ group: [String], _ samples: ArraySlice<GroupWindow.Sample>, _ figure: Double,
        isTruncated: Bool
    ) -> CorrelationMatch? {
        guard let first = samples.first, let last = samples.last else { return nil }
        return CorrelationMatch(
            id: correlation.id, title: correlation.title, author: correlation.author, level: correlation.level,
            tags: correlation.tags, group: zip(correlation.groupBy, group).map { .init($0, $1) }, figure: figure,
            first: first.time, last: last.time, events: samples.suffix(limits.events).map(\.event),
            isTruncated: isTruncated)
    }

    /// Forgets what no match at an instant or after it can reach: for callers whose events come in order of time.
    package mutating func forget(before time: Timestamp) {
        for number in states.indices {
            let oldest = time - .seconds(plan.correlations[number].timespan) - limits.lateness
            for (group, window) in states[number].groups where window.newest <= oldest { forget(group, in: number) }
        }
    }

    /// Forgets groups that no window reaches any more, and where that is not enough, those that were quiet longest.
    private mutating func makeRoom(in number: Int, reach: Duration) {
        let oldest = states[number].newest - reach
        for (group, window) in states[number].groups where window.newest <= oldest { forget(group, in: number) }
        guard states[number].samples > limits.matches / 8 * 7 else { return }
        let quiet = states[number].groups.sorted { $0.value.newest < $1.value.newest }
        for (group, _) in quiet {
            guard states[number].samples > limits.matches / 8 * 7 else { return }
            forget(group, in: number)
            truncations += 1
        }
    }

    private mutating func forget(_ group: [String], in number: Int) {
        guard let window = states[number].groups.removeValue(forKey: group) else { return }
        states[number].samples -= window.samples.count
    }
}
