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

    @Test("each record of an audit event is seen by itself, decoded")
    func audit() throws {
        let lines = """
            type=SYSCALL msg=audit(1626611363.720:348501): arch=c000003e syscall=59 success=yes a0=55c0 comm="perl" \
            exe="/usr/bin/perl" key=(null)
            node=web type=EXECVE msg=audit(1626611363.720:348501): argc=3 a0="perl" a1="-e" a2=75736520536F636B6574
            type=USER_CMD msg=audit(1.0:2): pid=1 msg='cwd="/root" cmd=6C73202D6C terminal=pts/0 res=success'\u{1D}UID="root"
            type=CWD msg=audit(1.0:2): cwd="/dead"
            nonsense
            """
        let views = SigmaRecord.views(
            of: event(
                lines,
                [
                    .eventModule: .text("auditd"), .auditRecords: .texts(["SYSCALL", "EXECVE"]),
                    .auditSyscall: .text("execve"),
                ]
            ))
        #expect(views.count == 5)
        #expect(views[0].logSources.isEmpty)
        let records = views.dropFirst().map { $0 }
        #expect(records.allSatisfy { $0.logSources == [LogSource(product: "linux", service: "auditd")] })
        #expect(records.map { $0.texts("type") } == [["SYSCALL"], ["EXECVE"], ["USER_CMD"], ["CWD"]])
        #expect(records[0].texts("SYSCALL") == ["execve"])
        #expect(records[0].texts("a0") == ["55c0"])
        #expect(records[1].texts("a2") == ["use Socket"])
        #expect(records[2].texts("cmd") == ["ls -l"])
        #expect(records[2].texts("UID") == ["root"])
        #expect(records[3].texts("cwd") == ["/dead"])
    }
}
