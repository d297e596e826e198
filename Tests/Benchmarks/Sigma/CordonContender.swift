internal import ControllerRules
internal import CordonScan
internal import CordonSigma
internal import Glibc

/// Our engine.
struct CordonContender {
    private let engine: SigmaEngine
    private let seconds: Double

    init(folders: [String], seconds: Double) throws {
        engine = try SigmaEngine(RuleSet.load(folders).rules)
        self.seconds = seconds
    }

    func measure(_ events: SigmaEvents) throws -> [Row] {
        [matchEvents(events), try matchLines(events), try matchUnrouted(events)]
    }

    /// As an agent does: from its own event to the rules that hold.
    private func matchEvents(_ events: SigmaEvents) -> Row {
        var matcher = SigmaMatcher(engine)
        return row("cordon", events.events.count) {
            var matches = 0
            for event in events.events { matches += matcher.matches(SigmaRecord(event)).count }
            return matches
        }
    }

    /// As `cordon sigma eval` does: from a line of JSON.
    private func matchLines(_ events: SigmaEvents) throws -> Row {
        var matcher = SigmaMatcher(engine)
        return try row("cordon-json", events.lines.count) {
            var matches = 0
            for line in events.lines { matches += matcher.matches(try Self.record(line)).count }
            return matches
        }
    }

    private func matchUnrouted(_ events: SigmaEvents) throws -> Row {
        var matcher = SigmaMatcher(engine, isRouting: false)
        let records = try events.lines.map(Self.record)
        return row("cordon-unrouted", records.count) {
            var matches = 0
            for record in records { matches += matcher.matches(record).count }
            return matches
        }
    }

    private static func record(_ line: [UInt8]) throws -> SigmaRecord {
        let value = try JSONValue.parse(line)
        let source = value["logsource"]
        let logSource = LogSource(
            product: source?["product"]?.text, category: source?["category"]?.text, service: source?["service"]?.text)
        return SigmaRecord(value["event"]?.object ?? JSONObject(), logSources: [logSource])
    }

    /// Passes over all events until the time is up. Time is the processor's, so that neighbours do not count.
    private func row(_ sut: String, _ events: Int, pass: () throws -> Int) rethrows -> Row {
        // The first makes the indexes.
        let matches = try pass()
        let start = clock()
        var passes = 0
        var taken = 0.0
        repeat {
            _ = try pass()
            passes += 1
            taken = Double(clock() - start) / Double(CLOCKS_PER_SEC)
        } while taken < seconds
        return Row(
            sut: sut, rules: engine.rules.count, events: events, eventsPerSecond: Double(passes * events) / taken,
            matches: matches)
    }
}
