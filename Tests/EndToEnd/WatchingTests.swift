import AgentCollect
import CordonScan
import CordonTesting
import Glibc
import Testing

/// Why this machine cannot be watched; `nil` when it can.
private let obstacle: String? = {
    if let obstacle = Abilities.labObstacle { return obstacle }
    guard Abilities.isRoot else { return "only root can give an agent on the machine its rights" }
    return (ProcessSource.obstacle ?? SocketSource.obstacle).map { "\($0)" }
}()

@Suite(
    "processes, sockets and audit of this machine, with a real agent", .serialized,
    .enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
struct WatchingTests {
    /// Those of the drop-in in Documentation/processes.md.
    private static let rights = ["sys_ptrace", "dac_read_search"]

    @Test(
        "a program's start, its connection and an audited call are found by a search, and a rule on the start fires",
        .timeLimit(.minutes(3)))
    func watching() throws {
        let ground = try Ground()
        let host = try LabHost(.web, in: ground.lab, ground.binaries)
        #expect(try host.enrol(try ground.token()).status == 0)
        let target = try LoopbackListener()
        try publish(Self.rule(target.port), ground)
        let log = try ground.lab.scratch.file("hosts/web/log/audit.log", "")
        let enforcer = try host.startEnforcer()
        let watching = try host.startAgentOnMachine(rights: Self.rights, settings: Self.settings(audit: log))
        try ground.awaitOnline(.web)
        _ = try Waiting.until("the pack is in force") {
            try ground.people.look("host", "show", "web").first?["rules"]?["version"]?.integer == 1 ? true : nil
        }

        _ = try Waiting.until("the host says what it cannot read", within: .seconds(60)) {
            let sources = try ground.people.look("host", "show", "web").first?["facts"]?["health"]?["sources"]?.array
            let faults = (sources ?? []).compactMap { source in
                source["fault"]?.text.map { "\(source["source"]?.text ?? ""): \($0)" }
            }
            return faults == ["file:\(Self.missing): There is no file \(Self.missing)."] ? true : nil
        }
        // What began before the first look is not told: another one is started then.
        let (program, start, connection) = try Waiting.until("a start and its connection", within: .seconds(60)) {
            try told(of: try Self.connecting(to: target.port), ground)
        }
        #expect(start["process.command_line"]?.text?.contains("/dev/tcp/127.0.0.1/\(target.port)") == true)
        #expect(start["process.executable"]?.text?.hasSuffix("/bash") == true)
        #expect(start["process.parent.pid"]?.integer == Int64(getpid()))
        #expect(start["process.parent.executable"]?.text == Self.ownProgram)
        #expect(start["user.effective.name"]?.text == "nobody")
        #expect(connection["destination.ip"]?.text == "127.0.0.1")
        #expect(connection["process.entity_id"] == start["process.entity_id"])
        #expect(connection["process.command_line"] == start["process.command_line"])

        let alert = try Waiting.until("the alert", within: .seconds(45)) {
            try ground.people.look("alerts").first { $0["rule"]?["id"]?.text == Self.id }
        }
        #expect(alert["rule"]?["author"]?.text == "Ada")

        try ground.lab.command(["tee", "-a", log], input: Self.audited()).must()
        let call = try Waiting.until("the audited call", within: .seconds(45)) {
            try search("event.module:auditd AND event.sequence:77", ground).first
        }
        #expect(call["process.args"]?.array?.compactMap(\.text) == ["curl", "-o", "/tmp/a b"])
        #expect(call["process.executable"]?.text == "/usr/bin/curl")
        #expect(call["process.working_directory"]?.text == "/root")
        #expect(call["process.parent.executable"]?.text == Self.ownProgram)
        withExtendedLifetime((program, enforcer, watching)) {}
    }

    // MARK: - What happens

    /// A shell that has connected to the port and waits.
    private static func connecting(to port: UInt16) throws -> Child {
        let script = "exec 3<>/dev/tcp/127.0.0.1/\(port) && echo open && read -r"
        let child = try Child(["setpriv", "--reuid=nobody", "--clear-groups", "bash", "-c", script])
        guard child.line() == "open" else { throw TestFailure("the shell did not connect") }
        return child
    }

    /// One execution of five records, an argument of it encoded.
    private static func audited() -> String {
        let head = "msg=audit(\(time(nil)).250:77):"
        return """
            type=SYSCALL \(head) arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=8 items=1 ppid=\(getpid()) \
            pid=4194000 auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 \
            comm="curl" exe="/usr/bin/curl" key=(null)
            type=EXECVE \(head) argc=3 a0="curl" a1="-o" a2=2F746D702F612062
            type=CWD \(head) cwd="/root"
            type=PATH \(head) item=0 name="/usr/bin/curl" inode=1 dev=fd:00 mode=0100755 ouid=0 ogid=0 nametype=NORMAL
            type=PROCTITLE \(head) proctitle=6375726C

            """
    }

    private static let ownProgram = unsafe realpath("/proc/self/exe", nil).map { path in
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    // MARK: - What is told of it

    /// The fields of the program's start and of its connection, once the controller has both.
    private func told(
        of program: Child, _ ground: Ground
    ) throws -> (program: Child, start: JSONValue, connection: JSONValue)? {
        var found: (Child, JSONValue, JSONValue)?
        _ = try Waiting.becomes(within: .seconds(5)) {
            let mine = "process.pid:\(program.pid)"
            let starts = try search("event.action:executed AND process.name:bash AND \(mine)", ground)
            let connections = try search("event.action:connection_opened AND \(mine)", ground)
            guard let start = starts.first, let connection = connections.first else { return false }
            found = (program, start, connection)
            return true
        }
        return found
    }

    private func search(_ query: String, _ ground: Ground) throws -> [JSONValue] {
        try ground.people.look("search", query, "--last", "1h").compactMap { $0["event"]?["fields"] }
    }

    private func publish(_ rule: String, _ ground: Ground) throws {
        try ground.lab.scratch.folder("rules")
        let file = try ground.lab.scratch.file("rules/shell.yml", rule)
        _ = try ground.people.look("rules", "publish", file, "--name", "shells")
        _ = try ground.people.look("rules", "stage", "1")
    }

    // MARK: - Settings and rule

    private static func settings(audit log: String) -> String {
        """
        [audit]
        file = "\(log)"
        start = "beginning"
        [processes]
        source = "connector"
        [sockets]
        interval = "1s"
        loopback = true
        [source.missing]
        path = "\(missing)"
        """
    }

    /// A log that is not there.
    private static let missing = "/var/log/nothing-is-here.log"
    private static let id = "0a1b2c3d-0000-4000-8000-000000000043"
    private static func rule(_ port: UInt16) -> String {
        """
        title: A shell connects by itself
        id: \(id)
        author: Ada
        logsource:
          category: process_creation
          product: linux
        detection:
          selection:
            Image|endswith: '/bash'
            CommandLine|contains: '/dev/tcp/127.0.0.1/\(port)'
            ParentImage|startswith: '/'
          condition: selection
        level: high
        """
    }
}
