import CordonModel
import CordonSigma
import Testing

private func event(_ original: String, _ fields: EventFields) -> Event {
    Event(
        timestamp: Timestamp(seconds: 1), created: Timestamp(seconds: 2), original: original, fields: fields)
}

@Suite("Views of events")
struct EventViewTests {
    @Test("a process that started is seen in Sysmon's names")
    func process() throws {
        let record = SigmaRecord(
            event(
                "",
                [
                    .eventCategory: .texts(["process"]), .eventType: .texts(["start"]),
                    .processExecutable: .text("/usr/bin/perl"), .processCommandLine: .text("perl -e 1"),
                    .processParentExecutable: .text("/usr/bin/bash"), .userName: .text("anna"), .processPID: .number(7),
                ]))
        #expect(record.logSources == [LogSource(product: "linux", category: "process_creation")])
        #expect(record.texts("Image") == ["/usr/bin/perl"])
        #expect(record.texts("process.executable") == ["/usr/bin/perl"])
        #expect(record.texts("CommandLine") == ["perl -e 1"])
        #expect(record.texts("ParentImage") == ["/usr/bin/bash"])
        #expect(record.texts("ProcessId") == ["7"])
        #expect(record.texts("User") == ["anna"])
    }

    @Test("the user of a process is the one whose rights it has")
    func user() {
        let record = SigmaRecord(
            event(
                "",
                [
                    .eventCategory: .texts(["process"]), .eventType: .texts(["start"]),
                    .processExecutable: .text("/bin/sh"),
                    .userName: .text("anna"), .userEffectiveName: .text("root"),
                ]))
        #expect(record.texts("User") == ["root"])
    }

    @Test(
        "a line of a log counts as what its program is",
        arguments: [
            ("sshd-session", ["sshd", "auth", "syslog"]), ("sudo", ["sudo", "auth", "syslog"]),
            ("CRON", ["cron", "syslog"]),
            ("useradd", ["auth", "syslog"]), ("frobnicated", ["syslog"]),
        ])
    func programs(_ program: String, _ services: [String]) {
        let record = SigmaRecord(event("the line", [.logSyslogAppName: .text(program)]))
        #expect(record.logSources.compactMap(\.service) == services)
        #expect(record.logSources.allSatisfy { $0.product == "linux" && $0.category == nil })
    }

    @Test("keywords look at the line as it was, and not at what was understood of it")
    func keywords() throws {
        let engine = try SigmaEngine([rule("line", keyword("invalid user")), rule("field", keyword("password"))])
        let record = SigmaRecord(
            event("Invalid user x", [.logSyslogAppName: .text("sshd"), .sshMethod: .text("password")]))
        #expect(engine.matches(record).map(\.id) == ["line"])
    }

    @Test("a web request is seen in the web server's names, and a connection in Sysmon's")
    func network() {
        let web = SigmaRecord(
            event(
                "",
                [
                    .eventCategory: .texts(["web"]), .eventDataset: .text("nginx.access"), .urlQuery: .text("a=1"),
                    .httpResponseStatus: .number(404), .userAgent: .text("curl"),
                ]))
        #expect(web.logSources == [LogSource(product: "linux", category: "webserver", service: "nginx")])
        #expect(web.texts("cs-uri-query") == ["a=1"])
        #expect(web.texts("sc-status") == ["404"])
        #expect(web.texts("c-useragent") == ["curl"])
        let connection = SigmaRecord(
            event(
                "",
                [
                    .eventCategory: .texts(["network"]), .networkDirection: .text("egress"),
                    .destinationIP: .text("192.0.2.1"),
                    .processExecutable: .text("/bin/nc"),
                ]))
        #expect(connection.logSources == [LogSource(product: "linux", category: "network_connection")])
        #expect(connection.texts("Initiated") == ["true"])
        #expect(connection.texts("DestinationIp") == ["192.0.2.1"])
    }

    @Test("each record of an audit event is seen by itself, and the event as a whole where it starts a process")
    func audit() throws {
        let records = [
            #"{"type":"SYSCALL","SYSCALL":"execve","a0":"55c0","key":["one","two"]}"#,
            #"{"type":"EXECVE","argc":"2","a0":"perl","a1":"use Socket"}"#, "nonsense",
        ]
        var fields: EventFields = [.eventModule: .text("auditd"), .auditRecords: .texts(records)]
        let engine = try SigmaEngine([
            rule(
                "one", .all([has("type", "EXECVE"), has("a1", "*socket")]),
                LogSource(product: "linux", service: "auditd")),
            rule("two", .all([has("SYSCALL", "execve"), has("a1", "*socket")])), rule("key", has("key", "two")),
            rule("whole", has("Image", "*/perl"), LogSource(product: "linux", category: "process_creation")),
        ])
        var views = SigmaRecord.views(of: event("type=SYSCALL", fields))
        #expect(views.map { $0.logSources.compactMap(\.service) } == [[], ["auditd"], ["auditd"]])
        #expect(views.map { engine.matches($0).map(\.id) } == [[], ["key"], ["one"]])
        fields[.eventCategory] = .texts(["process"])
        fields[.eventType] = .texts(["start"])
        fields[.processExecutable] = .text("/usr/bin/perl")
        views = SigmaRecord.views(of: event("type=SYSCALL", fields))
        #expect(views.map { engine.matches($0).map(\.id) } == [["whole"], ["key"], ["one"]])
    }

    @Test("a file that was made is a file event; one that was deleted, or could not be made, is none")
    func files() {
        for (type, outcome, category) in [
            ("creation", "success", "file_event"), ("change", "unknown", "file_event"), ("deletion", "success", nil),
            ("creation", "failure", nil),
        ] as [(String, String, String?)] {
            let record = SigmaRecord(
                event(
                    "",
                    [
                        .eventCategory: .texts(["file"]), .eventType: .texts([type]), .eventOutcome: .text(outcome),
                        .filePath: .text("/etc/cron.d/x"),
                    ]))
            #expect(record.logSources == [LogSource(product: "linux", category: category)])
            #expect(record.texts("TargetFilename") == ["/etc/cron.d/x"])
        }
    }
}
