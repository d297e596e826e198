import AgentEnforce
import Testing

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
}
