internal import ArgumentParser
internal import ControllerRules
internal import CordonScan
internal import CordonSigma
internal import CordonTesting
internal import Glibc

/// `./dev bench sigma`: events matched a second on one core, with SigmaHQ's Linux rules and with all that the corpora
/// hold, beside pySigma with its SQLite backend on the same events and rules.
@main
struct SigmaBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon-bench-sigma", abstract: "Measure Sigma rules, beside pySigma with SQLite.")

    @Option(help: "Seconds for each figure.") var seconds = 3.0
    @Option(help: "Where the peer is installed (a Python environment).") var peerFolder =
        "/var/tmp/cordon-bench-pysigma"
    @Flag(inversion: .prefixedNo, help: "Measure the peer too.") var peer = true
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        guard (0.1...600).contains(seconds) else { throw ValidationError("Between 0.1 and 600 seconds.") }
    }

    func run() throws {
        guard let corpora = Corpora.folder else { throw ValidationError(Corpora.obstacle ?? "") }
        let events = try SigmaEvents(file: "\(corpora)/sigma/atomic-linux/events.jsonl")
        let sets = [["rules/linux"], ["rules", "rules-emerging-threats", "rules-threat-hunting"]]
        var rows: [Row] = []
        for set in sets {
            let folders = set.map { "\(corpora)/sigma/rules/\($0)" }
            rows += try CordonContender(folders: folders, seconds: seconds).measure(events)
            if peer, let row = PySigmaContender(environment: peerFolder).measure(events, folders: folders) {
                rows.append(row)
            }
        }
        for row in rows { print(json ? row.json : row.line) }
    }
}

/// What one contender did.
struct Row {
    /// `cordon`: events in memory as agents have them. `cordon-json`: lines of JSON. `cordon-unrouted`: every rule on
    /// every event. `pysigma-sqlite`: a query for each rule over a table that is filled already.
    var sut: String
    var rules: Int
    /// Of one pass, as `matches`.
    var events: Int
    var eventsPerSecond: Double
    var matches: Int

    var json: String {
        let fields: [(String, JSONValue)] = [
            ("sut", .text(sut)), ("rules", .integer(Int64(rules))), ("events", .integer(Int64(events))),
            ("events_per_second", .integer(Int64(eventsPerSecond))), ("matches", .integer(Int64(matches))),
        ]
        var object = JSONObject()
        for (name, value) in fields { object[name] = value }
        return JSONValue.object(object).json()
    }

    var line: String {
        let name = sut + String(repeating: " ", count: max(1, 18 - sut.count))
        return "\(name)\(rules) rules, \(events) events: \(Int(eventsPerSecond)) events/s, \(matches) matches"
    }
}
