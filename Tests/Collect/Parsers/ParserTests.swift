import AgentCollect
import CordonModel
import Testing

@Suite("What each parser makes of a line")
struct ParserTests {
    private let now = Timestamp(seconds: 1_790_000_000)

    private func event(_ source: String, _ line: String) throws -> Event {
        let source = try #require(LineSource(source))
        return Normalizer().normalize(source.record(Array(line.utf8)), now: now)
    }

    @Test("each form gives its fields", arguments: ParserSamples.all)
    func forms(_ sample: ParserSample) throws {
        let event = try event(sample.source, sample.line)
        for (field, value) in sample.fields {
            #expect(event.fields[field] == value, "\(field.rawValue)")
        }
        #expect(event.original == sample.line)
    }

    @Test("a request or a path cannot forge who asked")
    func ambiguous() throws {
        for sample in ParserSamples.webErrors where sample.fields[.tags] == .texts(["ambiguous"]) {
            let event = try event(sample.source, sample.line)
            #expect(event.fields[.sourceIP] == nil && event.fields[.userName] == nil)
        }
    }

    @Test("sudo's words of many lines are read in time that grows with them alone")
    func manyLines() throws {
        let event = try event("sudo", "bob : reason ; TTY=x ; " + String(repeating: "a\n", count: 100_000))
        #expect(event.text(.userName) == "bob" && event.text(.processTTY) == "x")
    }

    @Test("a program's line is understood with syslog's header and without")
    func header() throws {
        let bare = try event("cron", "(root) CMD (true)")
        let headed = try event("cron", "Jan  5 10:00:00 web1 CRON[77]: (root) CMD (true)")
        #expect(bare.text(.eventAction) == "cron_command" && headed.text(.eventAction) == "cron_command")
        #expect(headed.text(.hostName) == "web1" && headed.number(.processPID) == 77)
        let other = try event("cron", "Jan  5 10:00:00 web1 sudo[7]: bob : TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/sh")
        #expect(other.text(.eventAction) == "sudo_command")
        let path = try event("syslog", "Jan  5 10:00:00 web1 /usr/sbin/CRON[77]: (root) CMD (true)")
        #expect(path.text(.eventAction) == "cron_command")
    }

    @Test(
        "times with a zone, and without one by the host's",
        arguments: [
            ("nginx", "1.2.3.4 - - [29/Jul/2023:10:26:06 -0730] \"GET / HTTP/1.1\" 200 1", "2023-07-29T17:56:06.000Z"),
            ("nginx", "1.2.3.4 - - [29/Feb/2024:00:00:00 +0200] \"GET / HTTP/1.1\" 200 1", "2024-02-28T22:00:00.000Z"),
            ("nginx", "2021/09/30 09:23:53 [error] 1#1: x", "2021-09-30T07:23:53.000Z"),
            ("apache", "[Thu Sep 30 13:27:06.009964 2021] [:error] x", "2021-09-30T11:27:06.009Z"),
            ("apache", "[Thu Sep 30 13:27:06 2021] [error] x", "2021-09-30T11:27:06.000Z"),
        ])
    func times(source: String, line: String, time: String) throws {
        let source = try #require(LineSource(source))
        let normalizer = Normalizer(zoneOffset: { _ in 7200 })
        let event = normalizer.normalize(source.record(Array(line.utf8)), now: now)
        #expect("\(event.timestamp)" == time)
    }

    @Test("systemd's message identifier counts before its words, which may be of any language")
    func identifiers() {
        var record = Record(
            text: Array("nginx wurde gestartet.".utf8), envelope: .known(timestamp: nil, program: "systemd", pid: 1))
        record.fields[.eventCode] = .text("39f53479d3a045ac8e11786248231fbf")
        record.fields[.serviceName] = .text("nginx.service")
        let event = Normalizer().normalize(record, now: now)
        #expect(event.text(.eventAction) == "service_started" && event.text(.serviceState) == "running")
        #expect(event.text(.serviceName) == "nginx.service")
    }

    @Test("an entry of an unverified sender is kept and not understood, whatever other tags it has")
    func unverified() {
        var record = Record(
            text: Array("(root) CMD (true)".utf8), envelope: .known(timestamp: nil, program: "CRON", pid: 1))
        record.fields[.tags] = .texts(["unverified_sender", "line_cut"])
        let event = Normalizer().normalize(record, now: now)
        #expect(event.fields[.eventAction] == nil && event.text(.message) == "(root) CMD (true)")
    }

    @Test("priority gives facility and severity; RFC 5424's identifiers are kept")
    func syslog() throws {
        let event = try event("syslog", "<86>1 2026-01-02T03:04:05.5Z web1 app worker-7 ID47 - hello")
        #expect(event.number(.logSyslogFacility) == 10 && event.number(.logSyslogSeverity) == 6)
        #expect(event.text(.logSyslogProcessID) == "worker-7" && event.text(.logSyslogMessageID) == "ID47")
        #expect(event.text(.message) == "hello" && event.fields[.processPID] == nil)
    }

    @Test("a name that is no source is none, and all names are sources")
    func sources() {
        #expect(LineSource("sshdd") == nil && LineSource("") == nil)
        #expect(LineSource.names.allSatisfy { LineSource($0) != nil })
        for name in [
            "sshd", "sudo", "pam", "cron", "systemd", "kernel", "useradd", "nginx", "apache", "audit", "syslog",
        ] {
            #expect(LineSource.names.contains(name))
        }
    }
}
