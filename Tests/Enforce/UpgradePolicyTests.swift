import CordonModel
import CordonSettings
import Testing

@testable import AgentEnforce

@Suite("Upgrades in a host's policy")
struct UpgradePolicyTests {
    @Test("a policy says whether and when; what it misspells is refused with its line")
    func policy() throws {
        let usual = try LocalPolicy(Settings.parse(""))
        let now = try #require(Timestamp(rfc3339: "2026-11-21T03:00:00Z"))
        #expect(usual.upgradesAllowed.value && usual.mayUpgrade(at: now))
        let text =
            "hours_zone = \"+02:00\"\n[upgrade]\nallowed = false\nhours = [\"sat 05:00-06:00\"]\npatience = \"5m\""
        let policy = try LocalPolicy(Settings.parse(text, named: "10.toml"))
        #expect(policy.mayUpgrade(at: now) && !policy.mayUpgrade(at: now + .seconds(3600)))
        #expect(policy.upgradePatience == .seconds(300) && policy.upgradeGrace == .seconds(60))
        let refusal = #expect(throws: Refusal.self) { try policy.checkUpgrade() }
        #expect(refusal?.rule == "upgrade.allowed (10.toml:3)")
        for line in ["alowed = true", "hours = [\"isolate 05:00-06:00\"]", "patience = \"0s\"", "grace = \"3h\""] {
            let error = #expect(throws: SettingsError.self) {
                try LocalPolicy(Settings.parse("[upgrade]\n\(line)", named: "10.toml"))
            }
            #expect(error?.message.contains("10.toml:2") == true, "\(line)")
        }
    }
}
