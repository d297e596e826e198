import CordonTesting
import Testing

@Suite("cordon-agent check")
struct CheckTests {
    @Test(
        "says which of the watched things cannot be read, and why",
        .enabled(if: Abilities.programs(["setpriv"]).isEmpty, "setpriv takes the right to read audit away"))
    func sources() throws {
        let scratch = try Scratch()
        let folder = scratch.path
        let program = Binaries.besideThisProcess + "/cordon-agent"
        // Root has the right; nobody else has it.
        let start = Abilities.isRoot ? ["setpriv", "--bounding-set=-audit_read", program] : [program]
        func check(_ text: String) throws -> Command.Result {
            let file = try scratch.file("agent.toml", "[agent]\nstate = \"\(folder)/state\"\n" + text)
            return try Command(start + ["check", "--config", file]).run()
        }
        let kernel = try check("[audit]\nnetlink = true\n[integrity]\npaths = [\"/etc/passwd\", \"/etc/shadow\"]")
        #expect(kernel.output.contains("FAIL audit of the kernel: it needs CAP_AUDIT_READ"))
        #expect(kernel.output.contains("ok   integrity of 2 paths"))
        #expect(kernel.status == 1)
        let missing = try check("[audit]\nfile = \"\(folder)/audit.log\"")
        #expect(missing.output.contains("FAIL audit \(folder)/audit.log: No such file"))
        try scratch.file("audit.log", "")
        let there = try check("[audit]\nfile = \"\(folder)/audit.log\"")
        #expect(there.output.contains("ok   audit \(folder)/audit.log"))
    }

    @Test("says of the journal whether it is read, why not, and from where it goes on")
    func journal() throws {
        let scratch = try Scratch()
        let folder = scratch.path
        let program = Binaries.besideThisProcess + "/cordon-agent"
        func check(_ text: String) throws -> String {
            let file = try scratch.file("agent.toml", "[agent]\nstate = \"\(folder)/state\"\n" + text)
            return try Command([program, "check", "--config", file]).run().output
        }
        let log = try scratch.file("log", "")
        let files = "[source.log]\npath = \"\(log)\"\n"
        let off = try check(files)
        #expect(off.contains("warn journal: not read, because a [source.NAME] stands in the settings"), "\(off)")
        let both = try check(files + "[journal]\nenabled = true\nfolder = \"\(folder)/gone\"\n")
        #expect(both.contains("FAIL journal:\(folder)/gone: it cannot be read (No such file"), "\(both)")
        let disabled = try check("[journal]\nenabled = false\n")
        #expect(disabled.contains("warn journal: not read: \(folder)/agent.toml:4 says enabled = false"), "\(disabled)")
        let empty = try check("[journal]\nfolder = \"\(try scratch.folder("journal"))\"\n")
        #expect(empty.contains("journal:\(folder)/journal: no entry of it can be seen: it is empty"), "\(empty)")
    }

    /// An identifier of journald's.
    private static let hex = "0123456789abcdef0123456789abcdef"

    @Test(
        "says from where a journal is read",
        .enabled(if: JournalTool.isThere, "systemd-journal-remote is not installed"))
    func journalPlace() throws {
        let scratch = try Scratch()
        let folder = try scratch.folder("journal")
        try JournalTool.write([.init(number: 1, fields: [("MESSAGE", "one")])], to: "\(folder)/a.journal")
        func check(_ more: String) throws -> String {
            let settings = "[agent]\nstate = \"\(scratch.path)/state\"\n[journal]\nfolder = \"\(folder)\"\n" + more
            let file = try scratch.file("agent.toml", settings)
            return try Command([Binaries.besideThisProcess + "/cordon-agent", "check", "--config", file]).run().output
        }
        let end = try check("identifiers = [\"sshd\"]\n")
        #expect(end.contains("ok   journal:\(folder), to be read from now on"), "\(end)")
        #expect(end.contains("warn journal:\(folder): only entries of sshd"))
        let beginning = try check("start = \"beginning\"\n")
        #expect(beginning.contains("to be read from its beginning, 2026-09-21T14:13:21"), "\(beginning)")
        try scratch.folder("state")
        let cursor = "s=\(Self.hex);i=1;b=\(Self.hex);m=1;t=65bff3b0c0000;x=1"
        let place = "{\"cursor\":\"\(cursor)\",\"realtime\":1790000000000000}"
        try scratch.file("state/positions.json", "{\"journal:\(folder)\":\(place)}")
        let lost = try check("")
        #expect(lost.contains("warn journal:\(folder): the entry of 2026-09-21T14:13:20"), "\(lost)")
        #expect(lost.contains("what came behind it may be lost"))
    }

    @Test(
        "a settings file that is named and not there stops every daemon and says which",
        arguments: [
            ["cordon-agent", "check"], ["cordon-agent", "run"], ["cordon-agent", "status"],
            ["cordon-enforcer", "check"],
            ["cordon-enforcer", "run"], ["cordon-controller", "serve", "--data", "/nonexistent/data"],
            ["cordon-controller", "check", "--data", "/nonexistent/data"],
        ])
    func missing(command: [String]) throws {
        let program = Binaries.besideThisProcess + "/" + command[0]
        let result = try Command([program] + command.dropFirst() + ["--config", "/nonexistent/x.toml"]).run()
        #expect(result.status != 0)
        #expect((result.output + result.errors).contains("/nonexistent/x.toml"), "\(result.output)\(result.errors)")
        #expect((result.output + result.errors).contains("not there"), "\(result.output)\(result.errors)")
    }

    @Test(
        "says that somebody else's rights are not the agent's",
        .enabled(if: Abilities.isRoot && Abilities.programs(["setpriv"]).isEmpty, "only root can become somebody else"))
    func rights() throws {
        let scratch = try Scratch()
        let log = try scratch.file("log", "", mode: 0o600)
        let file = try scratch.file(
            "agent.toml",
            "[agent]\nstate = \"\(try scratch.folder("state"))\"\n[source.log]\npath = \"\(log)\"\n")
        let check = [Binaries.besideThisProcess + "/cordon-agent", "check", "--config", file]
        let mine = try Command(check).run().output
        #expect(mine.contains("ok   settings") && !mine.contains("warn rights"))
        // It can read what is in the way to the program, and is another user all the same.
        let user = ["--reuid=65534", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        let others = try Command(["setpriv"] + user + check).run().output
        #expect(others.contains("ok   source \(log)"), "a right that it was given counts")
        #expect(others.contains("warn rights: this is what user 65534 may see; the agent, as user 0,"))
    }

    @Test(
        "a pattern is looked at as its source does: how many files fit, none is a warning, an unreadable one a fault",
        .enabled(if: Abilities.programs(["setpriv"]).isEmpty, "setpriv takes the right to read all files away"))
    func patterns() throws {
        let scratch = try Scratch()
        let folder = scratch.path
        let program = Binaries.besideThisProcess + "/cordon-agent"
        let file = try scratch.file(
            "agent.toml", "[agent]\nstate = \"\(folder)/state\"\n[source.web]\npath = \"\(folder)/web-*/access.log*\"")
        func check() throws -> String {
            let rights = Abilities.isRoot ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : []
            return try Command(rights + [program, "check", "--config", file]).run().output
        }
        let none = try check()
        #expect(none.contains("warn source \(folder)/web-*/access.log*: no file fits the pattern"), "\(none)")
        for name in ["web-a", "web-b", "other"] {
            try scratch.folder(name)
            try scratch.file("\(name)/access.log", "")
        }
        try scratch.file("web-a/access.log.1", "")
        let two = try check()
        #expect(two.contains("ok   source \(folder)/web-*/access.log*, 2 files"), "\(two)")
        _ = try Command(["chmod", "000", "\(folder)/web-b/access.log"]).must()
        let closed = try check()
        #expect(
            closed.contains("FAIL source \(folder)/web-*/access.log*, 2 files: 1 cannot be read, as \(folder)/web-b/"),
            "\(closed)")
    }

    @Test(
        "says who tells of processes, and what of them is not seen",
        .enabled(if: Abilities.isRoot && Abilities.programs(["setpriv"]).isEmpty, "only root can become somebody else"))
    func processes() throws {
        let scratch = try Scratch()
        let folder = scratch.path
        let program = Binaries.besideThisProcess + "/cordon-agent"
        func check(_ text: String, as rights: [String] = []) throws -> String {
            let file = try scratch.file("agent.toml", "[agent]\nstate = \"\(folder)/state\"\n" + text)
            return try Command(rights + [program, "check", "--config", file]).run().output
        }
        let unseen = "programs and folders of other users' processes are not seen without CAP_SYS_PTRACE"
        let blind = try check("[processes]", as: ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"])
        #expect(blind.contains("warn processes: \(unseen)"))
        let unowned = try check("[sockets]", as: ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"])
        #expect(unowned.contains("ok   sockets of the kernel") && unowned.contains("warn sockets: other users'"))
        let seeing = try check("[processes]")
        #expect(!seeing.contains("warn processes"))
        #expect(seeing.contains("processes of the kernel"))
        let audit = try check("[audit]\nnetlink = true\n[processes]")
        #expect(audit.contains("ok   processes of audit") && audit.contains("warn processes: only rules for execve"))
        let both = try check("[audit]\nnetlink = true\n[processes]\nsource = \"connector\"")
        #expect(both.contains("warn processes: audit tells of executions too"))
    }
}
