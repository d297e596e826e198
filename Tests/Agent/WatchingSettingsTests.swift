import AgentCollect
import AgentSpool
import CordonModel
import CordonTesting
import Testing

@testable import cordon_agent

@Suite("What the agent's settings watch")
struct WatchingSettingsTests {
    private func load(_ text: String) throws -> AgentSettings {
        let scratch = try Scratch()
        return try AgentSettings.load(try scratch.file("agent.toml", text))
    }

    private func names(_ text: String) throws -> [String] {
        let live = Surroundings(now: { Timestamp(seconds: 1_790_000_000) }, random: { 4 })
        return try load(text).sources(live).map(\.id)
    }

    @Test("audit and integrity are off unless their sections stand; sections without keys take the usual places")
    func defaults() throws {
        let nothing = try load("")
        #expect(nothing.audit == nil && nothing.integrity == nil)
        let both = try load("[audit]\n[integrity]\n")
        #expect(both.audit == .file("/var/log/audit/audit.log", start: .end))
        #expect(both.integrity == .init(paths: IntegritySource.usual, interval: .seconds(600)))
        let usual = [
            "/etc/passwd", "/etc/shadow", "/etc/sudoers", "/etc/ssh", "/etc/cron.d", "/etc/systemd/system",
            "/etc/ld.so.preload", "/etc/pam.d", "/var/www",
        ]
        #expect(Set(usual).isSubset(of: both.integrity?.paths ?? []))
    }

    @Test("the spool is bounded by bytes and by a share of the disk, and keeps a reserve; what is beyond is refused")
    func spool() throws {
        #expect(try load("").spool == .init())
        let set = try load("[spool]\nmegabytes = 64\ndisk_percent = 5\nreserve_percent = 50\npatience = \"2m\"")
        #expect(set.spool == .init(bytes: 64 << 20, share: 0.05, reserve: 0.5, patience: .seconds(120)))
        for line in ["disk_percent = 0", "disk_percent = 91", "reserve_percent = 100", "patience = \"2d\""] {
            #expect(throws: (any Error).self, "\(line)") { try load("[spool]\n\(line)") }
        }
    }

    @Test("each section is a source beside the others, and an audit log's lines are joined wherever it is named")
    func sources() throws {
        #expect(try names("") == ["journal"])
        #expect(
            try names("[audit]\nfile = \"/a.log\"\nstart = \"beginning\"\n[integrity]\npaths = [\"/etc/\"]")
                == ["journal", "audit:file:/a.log", "integrity"])
        #expect(try names("[audit]\nnetlink = true\n[journal]\nenabled = false") == ["audit:kernel"])
        #expect(
            try names("[source.a]\npath = \"/a.log\"\nformat = \"audit\"\n[source.b]\npath = \"/b.log\"")
                == ["audit:file:/a.log", "file:/b.log"])
    }

    @Test(
        "what cannot be meant is refused, and it is said where and why",
        arguments: [
            ("[audit]\nfile = \"/a\"\nnetlink = true", "agent.toml:3", "twice"),
            ("[audit]\nnetlink = \"yes\"", "agent.toml:2", "true or false"),
            ("[audit]\nstart = \"middle\"", "agent.toml:2", "beginning"),
            ("[audit]\nfolder = \"/a\"", "agent.toml:2", "not known"),
            ("[source.a]\npath = \"/a\"\n[audit]\nfile = \"/a\"", "agent.toml:4", "[source.NAME]"),
            ("[processes]\nsource = \"audit\"", "agent.toml:2", "[audit]"),
            ("[sockets]\ninterval = \"10ms\"", "agent.toml:2", "duration"),
            ("[processes]\nsource = \"all\"", "agent.toml:2", "connector"),
            ("[processes]\nforks = true", "agent.toml:2", "not known"),
            ("[integrity]\npaths = []", "agent.toml:2", "absolute"),
            ("[integrity]\npaths = [\"etc/passwd\"]", "agent.toml:2", "absolute"),
            ("[integrity]\npaths = [\"/etc/passwd\"]\ninterval = \"0s\"", "agent.toml:3", "duration"),
        ])
    func refused(_ text: String, _ place: String, _ word: String) throws {
        let failure = #expect(throws: (any Error).self) { try load(text) }
        let words = failure.map { "\($0)" } ?? ""
        #expect(words.contains(place) && words.contains(word), "\(words)")
    }

    @Test(
        "processes are told of by audit where it is read, else by the kernel, unless one is named",
        arguments: [
            ("", []), ("[processes]", ["processes"]), ("[audit]\n[processes]", ["audit:file:/var/log/audit/audit.log"]),
            ("[audit]\nnetlink = true\n[processes]\nsource = \"connector\"", ["audit:kernel", "processes"]),
            ("[audit]\nnetlink = true\n[processes]\nsource = \"audit\"", ["audit:kernel"]),
        ])
    func processes(_ text: String, _ expected: [String]) throws {
        #expect(try names("[journal]\nenabled = false\n" + text) == expected)
        #expect(try names("[journal]\nenabled = false\n[sockets]") == ["sockets"])
        let sockets = try load("[sockets]\ninterval = \"1m\"\nloopback = true").sockets
        #expect(sockets == .init(interval: .seconds(60), seesLoopback: true))
        let entry = try load("[processes]\nends = false").processes
        #expect(entry == .init(origin: .auto, tellsEnds: false))
    }

    @Test("paths lose the slash at their end; the root stays")
    func paths() throws {
        let settings = try load("[integrity]\npaths = [\"/etc/ssh//\", \"/\", \"/etc/passwd\"]\ninterval = \"1m\"")
        #expect(settings.integrity == .init(paths: ["/etc/ssh", "/", "/etc/passwd"], interval: .seconds(60)))
    }

    @Test("the packaged file's commented sections are the defaults")
    func packaged() throws {
        let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try Command(["cat", "\(folder)/packaging/etc/agent.toml"]).must()
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("# [") || $0.contains(" = ") }
        let start = try #require(lines.firstIndex { $0.hasPrefix("# [audit]") })
        let end = try #require(lines.firstIndex { $0.hasPrefix("# [detect.ssh]") })
        let settings = try load(lines[start..<end].map { $0.dropFirst(2) }.joined(separator: "\n"))
        let usual = try load("[audit]\n[processes]\n[sockets]\n[integrity]\n")
        #expect(settings.audit == usual.audit)
        #expect(settings.processes == usual.processes && usual.processes != nil)
        #expect(settings.sockets == usual.sockets && usual.sockets != nil)
        #expect(settings.integrity?.interval == usual.integrity?.interval)
        #expect(settings.integrity?.paths.allSatisfy { IntegritySource.usual.contains($0) } == true)
    }
}
