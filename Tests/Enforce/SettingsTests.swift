import CordonModel
import CordonOrders
import CordonWire
import Testing

@testable import AgentEnforce

/// Only root may have written the enforcer's files.
@Suite("The enforcer's settings", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"))
struct EnforcerSettingsTests {
    @Test(
        "an agent that is root is refused by check and by a start: it must be unprivileged", arguments: ["root", "0"])
    func rootAgent(user: String) throws {
        let scratch = try Scratch()
        try Program.must(["mkdir", "-p", scratch.path + "/policy.d"])
        let file = scratch.path + "/enforcer.toml"
        func check(_ user: String) throws -> (status: Int32, output: String) {
            try scratch.file(
                "enforcer.toml", "agent_user = \"\(user)\"\npolicy_directory = \"\(scratch.path)/policy.d\"\n")
            return try Program.run([EnforcerProcess.binary, "check", "--config", file])
        }
        let refused = try check(user)
        #expect(refused.status == 1, "\(refused.output)")
        #expect(
            refused.output.contains("enforcer.toml:1")
                && refused.output.contains("the agent must be an unprivileged user"))
        #expect(throws: EnforceError.self) { try EnforcerSettings.load(file) }
        let sound = try check("\(Lab.agentUser)")
        #expect(sound.status == 0, "\(sound.output)")
    }

    @Test(
        "check names what it read and what it passed over; a folder that is named and is not there stops it and a start"
    )
    func policyFolder() throws {
        let scratch = try Scratch()
        try Program.must(["mkdir", "-p", scratch.path + "/policy.d"])
        let file = scratch.path + "/enforcer.toml"
        func run(_ verb: String, _ folder: String) throws -> (status: Int32, output: String) {
            try scratch.file(
                "enforcer.toml",
                """
                agent_user = "\(Lab.agentUser)"
                policy_directory = "\(scratch.path)/\(folder)"
                state_directory = "\(scratch.path)/state"
                """)
            return try Program.run(["timeout", "20", EnforcerProcess.binary, verb, "--config", file])
        }
        let empty = try run("check", "policy.d")
        #expect(empty.status == 0 && empty.output.contains("none in \(scratch.path)/policy.d"), "\(empty.output)")
        for name in ["10.toml", "20.tml", ".hidden"] { try scratch.file("policy.d/\(name)", "never_isolate = true\n") }
        let sound = try run("check", "policy.d")
        #expect(sound.status == 0, "\(sound.output)")
        #expect(sound.output.contains("settings      \(file)\n"))
        #expect(sound.output.contains("local policy  \(scratch.path)/policy.d/10.toml\n"))
        #expect(sound.output.contains("passed over   \(scratch.path)/policy.d/20.tml:"))
        #expect(!sound.output.contains("hidden"))
        for verb in ["check", "run"] {
            let missing = try run(verb, "polcy.d")
            #expect(missing.status == 1, "\(missing.output)")
            #expect(missing.output.contains("enforcer.toml:2: there is no folder \(scratch.path)/polcy.d"))
        }
    }

    @Test("a second enforcer on one state folder ends before it touches anything, whichever its socket")
    func oneAtATime() throws {
        let lab = try Lab()
        let fleet = try Enrolled(lab.scratch)
        let first = try EnforcerProcess(fleet, in: lab.host)
        #expect(try first.execute(.isolate(Isolation(duration: .seconds(600)))).outcome == .succeeded)
        let settings = try #require(TextFile.text(lab.scratch.path + "/enforcer.toml"))
        try lab.scratch.file(
            "other.toml",
            settings.split(separator: "\n").map {
                $0.hasPrefix("socket") ? "socket = \"\(lab.scratch.path)/other.sock\"" : $0
            }.joined(separator: "\n"))
        func seen() throws -> [String] {
            let state = try Program.run(["sh", "-c", "cd \(lab.scratch.path)/state && ls -l && sha256sum journal"])
                .output
            return [state, try lab.nft("-a", "list", "ruleset").output]
        }
        let before = try seen()
        for name in ["enforcer", "other"] {
            let second = try Program.run([
                "timeout", "20", "nsenter", "--net=/run/netns/\(lab.host)", EnforcerProcess.binary, "run", "--config",
                "\(lab.scratch.path)/\(name).toml",
            ])
            #expect(
                second.status == 1 && second.output.contains("Another cordon-enforcer works on"), "\(second.output)")
            #expect(try seen() == before)
        }
        // Nor does it leave a host that it does not see is watched.
        let leaving = try Program.run([
            "nsenter", "--net=/run/netns/\(lab.host)", EnforcerProcess.binary, "leave", "--config",
            lab.scratch.path + "/other.toml",
        ])
        #expect(leaving.status != 0 && leaving.output.contains("Another cordon-enforcer"), "\(leaving.output)")
        #expect(try seen() == before)

        first.kill()
        let next = try EnforcerProcess(fleet, in: lab.host)
        #expect(try next.status().containment.model().isolatedUntil != nil)
    }
}
