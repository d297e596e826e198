internal import ControllerAccess
internal import ControllerFleet
internal import ControllerRules
internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird
internal import ServiceLifecycle

extension API {
    /// What a pack would have found.
    static var ruleTrialRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/rule-packs/{version}/matches", name: "tryRulePack", tag: "rules",
                summary:
                    "What a pack finds in stored events, as JSON lines told apart by `kind`: `progress` now and then, a "
                    + "`rule` for each that held, and `summary` last, whose `complete` says whether all was looked at; "
                    + "or `failed`. Nothing becomes an alert.",
                admission: .role(.analyst),
                parameters: [.init("version", .text(.plain, length: 1...19), "The pack's version.")],
                query: [
                    .init("from", .instant, "Happened at or after; a day before `to` unless given."),
                    .init("to", .instant, "Happened before; now unless given."),
                    .init("host", .identifier, "Only of this host."),
                    .init("limit", .integer(1...1000), "Rules at most, the most serious first; 1000 unless given."),
                    .init("most_events", .integer(1...1_000_000_000), "Are looked at; 5000000 unless given."),
                    .init("time_s", .integer(1...3600), "It may take; 120 unless given."),
                ],
                answer: .media("application/jsonl"),
                problems: [.notFound, .unprocessableContent, .tooManyRequests], handle: tryRules)
        ]
    }

    @Sendable private static func tryRules(_ call: Call) async throws -> Reply {
        guard let version = Int64(call.parameters["version"] ?? "") else { throw Problem.notFound }
        let host: AgentID? = call.identifier(query: "host")
        if let host, try await call.services.fleet.host(host) == nil { throw FleetError.unknownHost(host) }
        func instant(_ name: String) -> Timestamp? { call.query[name]?.text.flatMap { Timestamp(rfc3339: $0) } }
        let end = instant("to") ?? call.services.surroundings.now()
        let stretch = HistoryStretch(from: instant("from") ?? end - .seconds(86_400), to: end, host: host)
        var request = RuleTrials.Request(version: version, stretch: stretch)
        if let limit = call.query["limit"]?.integer { request.limit = Int(limit) }
        if let most = call.query["most_events"]?.integer { request.mostEvents = Int(most) }
        if let time = call.query["time_s"]?.integer { request.time = .seconds(time) }
        let trial = try await call.services.rules.trials.prepare(request)
        return .content(body(trial, call), mediaType: "application/jsonl", headers: [:])
    }

    /// The lines. A reader that has gone makes writing fail, which ends the trial.
    private static func body(_ trial: RuleTrial, _ call: Call) -> ResponseBody {
        ResponseBody { writer in
            var trial = trial
            while true {
                let (lines, isOver) = try await lines(of: &trial, call)
                try await writer.write(ByteBuffer(string: lines.map { $0.json() + "\n" }.joined()))
                if isOver { break }
            }
            try await writer.finish(nil)
        }
    }

    /// A trial may outlive the session that began it, and must not hold up a controller that stops.
    private static func checkMayGoOn(_ call: Call) async throws {
        guard try await call.services.access.isValid(call.credential()) else { throw Problem.unauthenticated() }
        guard !Task.isShuttingDownGracefully else {
            throw Problem(
                .serviceUnavailable, "controller.stopping", "The controller is stopping.",
                remedy: "Try again when it runs.")
        }
    }

    private static func lines(of trial: inout RuleTrial, _ call: Call) async throws -> (
        lines: [JSONValue], isOver: Bool
    ) {
        do {
            switch try await trial.advance() {
            case .going(let progress):
                try await checkMayGoOn(call)
                return ([RuleTrialLine.json(progress)], false)
            case .over(let report):
                return (report.findings.map(RuleTrialLine.json) + [RuleTrialLine.json(report)], true)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            return ([RuleTrialLine.json(ProblemMap.problem(for: error, logger: call.scope.logger))], true)
        }
    }
}

/// The lines of a trial's answer.
enum RuleTrialLine {
    static func json(_ progress: TrialProgress) -> JSONValue {
        ["kind": "progress", "events": .integer(Int64(progress.events)), "reached": .describing(progress.reached)]
    }

    static func json(_ finding: TrialFinding) -> JSONValue {
        [
            "kind": "rule", "id": .text(finding.id), "title": .text(finding.title),
            "author": finding.author.map { .text($0) } ?? .null, "level": .text(finding.level),
            "correlation": .flag(finding.isCorrelation), "alerts": .flag(finding.alerts),
            "matches": .integer(Int64(finding.matches)), "first": .text("\(finding.first)"),
            "last": .text("\(finding.last)"), "hosts": .array(finding.hosts.sorted().map { .text("\($0)") }),
            "more_hosts": .flag(finding.hasMoreHosts),
            "examples": .array(
                finding.examples.map { example in
                    [
                        "host": .text("\(example.host)"), "at": .text("\(example.time)"),
                        "original": .text(example.original),
                    ]
                }),
        ]
    }

    static func json(_ report: TrialReport) -> JSONValue {
        [
            "kind": "summary", "complete": .flag(report.end == nil),
            "ended_by": report.end.map { .text($0.rawValue) } ?? .null, "events": .integer(Int64(report.events)),
            "reached": .describing(report.reached), "rules": .integer(Int64(report.findings.count)),
            "rules_left_out": .integer(Int64(report.leftOut)), "unreadable": .integer(Int64(report.unreadable)),
            "groups_forgotten": .integer(Int64(report.forgotten)),
            "searches_given_up": .integer(Int64(report.abandoned)),
        ]
    }

    static func json(_ problem: Problem) -> JSONValue {
        [
            "kind": "failed", "code": .text(problem.code), "detail": .text(problem.detail),
            "remedy": .text(problem.remedy),
        ]
    }
}
