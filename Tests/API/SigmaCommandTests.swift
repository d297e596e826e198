import CordonScan
import CordonTesting
import Testing

/// `cordon sigma`, which needs no controller.
@Suite("Sigma on the command line")
struct SigmaCommandTests {
    private let rule = """
        title: Netcat
        id: 0e95725d-7320-415d-80f7-004da920fc11
        author: Somebody
        level: high
        logsource: {product: linux, category: process_creation}
        detection: {s: {Image|endswith: /nc}, condition: s}

        """

    private func cordon(_ arguments: String..., input: String = "") async throws -> Program.Outcome {
        try await Program.start(Program.cordon, ["sigma"] + arguments, input: input)
    }

    @Test("sound rules end with 0, faults with 1 and their places")
    func check() async throws {
        let scratch = try Scratch()
        try scratch.folder("good")
        try scratch.folder("bad")
        try scratch.file("good/a.yml", rule)
        try scratch.file("bad/b.yml", "title: b\nlogsource: {product: x}\ndetection:\n  condition: a | count() > 3\n")
        let good = try await cordon("check", "\(scratch.path)/good", "--json")
        #expect(good.status == 0, "\(good.errors)")
        let report = try JSONValue.parse(good.output)
        #expect(report["valid"]?.flag == true)
        #expect(report["rules"]?.integer == 1)
        let bad = try await cordon("check", "\(scratch.path)/good", "\(scratch.path)/bad", "--json")
        #expect(bad.status == 1)
        let fault = try JSONValue.parse(bad.output)["faults"]?[0]
        #expect(fault?["file"]?.text == "\(scratch.path)/bad/b.yml")
        #expect(fault?["line"]?.integer == 4)
        #expect(fault?["specification"]?.text?.hasPrefix("Correlations") == true)
        let shown = try await cordon("check", "\(scratch.path)/bad")
        #expect(shown.output.contains("b.yml:4: fault: "))
    }

    @Test("every fault of a file is named with its line, though one rule has several")
    func everyFault() async throws {
        let scratch = try Scratch()
        let file = try scratch.file(
            "a.yml",
            """
            title: One
            level: grave
            date: 2026/01/01
            logsource: {service: Sshd, product: [x]}
            detection:
              s:
                a|nosuch: 1
                b|re: '('
                c: ok
              t: []
              timeframe: 5m
              condition: s and t and nosuch
            ---
            title: Two
            correlation:
              type: often
              rules: []
              timespan: long
              generate: perhaps
              sort: down
            """)
        let outcome = try await cordon("check", file, "--json")
        #expect(outcome.status == 1)
        let report = try JSONValue.parse(outcome.output)
        let faults = report["faults"]?.array ?? []
        let lines = faults.map { $0["line"]?.integer }
        #expect(lines == [2, 3, 4, 7, 8, 10, 11, 12, 16, 17, 18, 19, 20], "\(outcome.output)")
        #expect(report["rules"] == 0 && report["correlations"] == 0)
        #expect(Set(faults.map { $0["rule"]?.text }) == ["One", "Two"])
        let shown = try await cordon("check", file)
        #expect(shown.output.contains("2 refused, 13 faults"))
    }

    @Test("every match is printed in order, by log source or without")
    func eval() async throws {
        let scratch = try Scratch()
        let rules = try scratch.file("a.yml", rule)
        let wrapped =
            #"{"logsource": {"product": "linux", "category": "process_creation"}, "event": {"Image": "/bin/nc"}}"#
        let other =
            #"{"logsource": {"product": "windows", "category": "process_creation"}, "event": {"Image": "/bin/nc"}}"#
        let plain = #"{"Image": "/bin/NC"}"#
        let events = try scratch.file("e.jsonl", [wrapped, other, "", plain].joined(separator: "\n"))
        let routed = try await cordon("eval", "--rules", rules, "--events", events, "--json")
        #expect(routed.status == 0, "\(routed.errors)")
        #expect(routed.lines == [#"{"event":0,"rule":"0e95725d-7320-415d-80f7-004da920fc11"}"#])
        #expect(routed.errors.contains("--no-routing"))
        let unrouted = try await cordon("eval", "--rules", rules, "--events", events, "--no-routing", "--json")
        #expect(try unrouted.lines.map { try JSONValue.parse(String($0))["event"]?.integer } == [0, 1, 3])
        let shown = try await cordon("eval", "--rules", rules, "--events", "-", input: wrapped)
        #expect(shown.lines.first == "EVENT  RULE  LEVEL  TITLE (AUTHOR)")
        #expect(shown.output.contains("0  0e95725d-7320-415d-80f7-004da920fc11  high  Netcat (Somebody)"))
    }

    @Test("what the agent normalised is routed as on the agent, with and without a correlation")
    func normalized() async throws {
        let scratch = try Scratch()
        let rules = try scratch.file(
            "a.yml",
            """
            title: Refused logon
            id: refused
            level: low
            logsource: {product: linux, service: sshd}
            detection: {s: {event.outcome: failure, user.name: root}, condition: s}
            ---
            title: Of cron
            id: cron
            level: low
            logsource: {product: linux, service: cron}
            detection: {keywords: ['*Failed*'], condition: keywords}
            ---
            title: Often
            id: often
            level: high
            correlation: {type: event_count, rules: [refused], generate: true, group-by: [source.ip], timespan: 1m, condition: {gte: 2}}
            ---
            title: One record
            id: record
            level: low
            logsource: {product: linux, service: auditd}
            detection: {s: {type: CWD, cwd: /root}, condition: s}
            """)
        let agent = Binaries.besideThisProcess + "/cordon-agent"
        let log = (1...2).map {
            "Nov 21 06:00:0\($0) web sshd[7]: Failed password for root from 203.0.113.9 port 4000 ssh2"
        }
        let events = try Command(
            [agent, "normalize", "--source", "sshd", "-"], input: log.joined(separator: "\n") + "\n"
        ).must()
        let outcome = try await cordon("eval", "--rules", rules, "--events", "-", "--json", input: events)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(
            outcome.lines == [
                #"{"event":0,"rule":"refused"}"#, #"{"event":1,"rule":"refused"}"#, #"{"event":1,"rule":"often"}"#,
            ])
        let unrouted = try await cordon(
            "eval", "--rules", rules, "--events", "-", "--json", "--no-routing", input: events)
        #expect(unrouted.lines.contains(#"{"event":0,"rule":"cron"}"#))
        let audit = "type=CWD msg=audit(1626611363.720:7): cwd=\"/root\"\n"
        let records = try Command([agent, "normalize", "--source", "audit", "-"], input: audit).must()
        let single = try await cordon("eval", "--rules", rules, "--events", "-", "--json", input: records)
        #expect(single.lines == [#"{"event":0,"rule":"record"}"#], "\(records)\(single.errors)")
    }

    @Test("lines that are no events are counted, and end with 1")
    func bad() async throws {
        let scratch = try Scratch()
        let rules = try scratch.file("a.yml", rule)
        let outcome = try await cordon(
            "eval", "--rules", rules, "--events", "-", "--no-routing", "--json", input: "[]\n{\n{\"Image\": \"/nc\"}\n")
        #expect(outcome.status == 1)
        #expect(outcome.lines.count == 1)
        #expect(outcome.errors.contains("2 lines"))
    }

    @Test("rules of which none is left, and folders without one, do not end well")
    func nothing() async throws {
        let scratch = try Scratch()
        try scratch.folder("none")
        let bad = try scratch.file(
            "b.yml", "title: b\nlogsource: {product: x}\ndetection:\n  condition: a | count() > 3\n")
        let refused = try await cordon("eval", "--rules", bad, "--events", "-", input: "{}\n")
        #expect(refused.status == 1 && refused.errors.contains("No rule is left"), "\(refused.errors)")
        let empty = try await cordon("eval", "--rules", "\(scratch.path)/none", "--events", "-", input: "{}\n")
        #expect(empty.status == 2 && empty.errors.contains("There is no *.yml"), "\(empty.errors)")
    }

    @Test("a correlation is printed at the event that completes it")
    func correlation() async throws {
        let scratch = try Scratch()
        let correlation =
            "---\ntitle: Often\nid: often\nlevel: high\ncorrelation:\n  type: event_count\n"
            + "  rules: [0e95725d-7320-415d-80f7-004da920fc11]\n  group-by: [User]\n  timespan: 1m\n  condition: {gte: 3}\n"
        let rules = try scratch.file("a.yml", rule + correlation)
        let lines = (0..<4).map { #"{"@timestamp": "2026-01-01T00:00:0\#($0)Z", "Image": "/nc", "User": "u"}"# }
        let outcome = try await cordon(
            "eval", "--rules", rules, "--events", "-", "--no-routing", "--json", input: lines.joined(separator: "\n"))
        #expect(outcome.lines == [#"{"event":2,"rule":"often"}"#])
    }

    @Test("placeholders are filled from the command line")
    func groups() async throws {
        let scratch = try Scratch()
        let rules = try scratch.file(
            "a.yml", rule.split(separator: "s: {").joined(separator: "s: {Host|expand: '%Servers%', "))
        #expect(try await cordon("check", rules).status == 1)
        #expect(try await cordon("check", rules, "--group", "Servers=srv*").status == 0)
    }

    @Test("pipes, devices, endless lines and missing paths end with 2", .timeLimit(.minutes(1)))
    func unreadable() async throws {
        let scratch = try Scratch()
        let rules = try scratch.file("a.yml", rule)
        let (pipe, huge) = ("\(scratch.path)/pipe", "\(scratch.path)/huge")
        for command in [["mkfifo", pipe], ["truncate", "-s", "1T", huge]] {
            let made = try await Program.start("/usr/bin/env", command)
            #expect(made.status == 0, "\(made.errors)")
        }
        for events in [pipe, huge, "/dev/zero", "/nonexistent", "/tmp"] {
            let outcome = try await cordon("eval", "--rules", rules, "--events", events)
            #expect(outcome.status == 2, "\(events)")
            #expect(outcome.errors.contains(events))
        }
        for path in ["/nonexistent", pipe, huge, "/dev/zero"] {
            #expect(try await cordon("check", path).status == 2)
            #expect(try await cordon("eval", "--rules", path, "--events", "-").status == 2)
        }
        #expect(try await cordon("check", scratch.path).status == 0, "neither is a rule by its name")
    }
}
