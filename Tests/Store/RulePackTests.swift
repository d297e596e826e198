import ControllerRules
import ControllerStore
import CordonModel
import CordonTrust
import Testing

@Suite("Packs of rules")
struct RulePackTests {
    private static let rule = """
        title: Netcat listens
        id: 0a1b2c3d-0000-4000-8000-000000000001
        author: Ada
        logsource:
          product: linux
          category: process_creation
        detection:
          selection:
            Image|endswith: /nc
          condition: selection
        level: high
        """
    private static let ada = Principal(name: "ada", role: .administrator)

    private func packs(_ database: Database, _ workshop: Workshop) async throws -> RulePacks {
        try await RulePacks.load(
            repository: RulePackStore(database: database), surroundings: workshop.surroundings)
    }

    private func publish(_ text: String, to packs: RulePacks) async throws -> PublishedPack {
        try await packs.publish([.init(name: "rule.yml", text: text)], name: "linux", by: Self.ada)
    }

    @Test("versions count up, are staged by group, rolled back, and all of that is there after a restart")
    func stages() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        let packs = try await packs(database, workshop)
        #expect(packs.version(for: "web") == 0)
        let first = try await publish(Self.rule, to: packs)
        let second = try await publish(Self.rule.replacing("/nc", with: "/ncat"), to: packs)
        #expect([first.version, second.version] == [1, 2])
        #expect(first.digest != second.digest)
        try await packs.stage(1, to: "", by: Self.ada)
        try await packs.stage(2, to: "canary", by: Self.ada)
        #expect([packs.version(for: "web"), packs.version(for: "canary")] == [1, 2])
        let again = try await self.packs(database, workshop)
        #expect(again.staged() == ["": 1, "canary": 2])
        try await again.rollBack("canary", by: Self.ada)
        #expect(again.version(for: "canary") == 1, "before its first staging it ran what all others run")
        try await again.stage(2, to: "", by: Self.ada)
        try await again.rollBack("", by: Self.ada)
        #expect(again.version(for: "web") == 1)
        let listed = try await again.all()
        #expect(listed == [second, first])
        let records = try await workshop.reader(database).newest(before: nil, subject: "rules:2", limit: 10)
        #expect(
            records.map(\.entry.verb).reversed() == [
                "rules.published", "rules.staged", "rules.rolled_back", "rules.staged",
            ])
    }

    @Test("a group follows all others again, also after a restart, and the audit chain says who took its staging back")
    func unstages() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        let packs = try await packs(database, workshop)
        _ = try await publish(Self.rule, to: packs)
        _ = try await publish(Self.rule.replacing("/nc", with: "/ncat"), to: packs)
        try await packs.stage(1, to: "", by: Self.ada)
        try await packs.stage(2, to: "canary", by: Self.ada)
        try await packs.unstage("canary", by: Self.ada)
        let again = try await self.packs(database, workshop)
        for packs in [packs, again] {
            #expect(packs.version(for: "canary") == 1)
            #expect(packs.staged() == ["": 1])
            await #expect(throws: RulesError.self) { try await packs.unstage("canary", by: Self.ada) }
            await #expect(throws: RulesError.self) { try await packs.unstage("", by: Self.ada) }
        }
        try await again.stage(2, to: "", by: Self.ada)
        #expect(again.version(for: "canary") == 2, "it follows")
        let newest = try await workshop.reader(database).newest(before: nil, subject: "rules:2", limit: 10)
        let taken = newest.filter { $0.entry.verb == "rules.unstaged" }
        #expect(taken.map(\.entry.actor) == ["ada"] && taken.first?.entry.details["group"] == "canary")
        try await again.stage(0, to: "canary", by: Self.ada)
        try await again.rollBack("canary", by: Self.ada)
        #expect(again.staged() == ["": 2], "back to following")
    }

    @Test("placeholders are filled from the groups as they are when a pack is published, and the pack stays so")
    func placeholders() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        let packs = try await packs(database, workshop)
        let rule = Self.rule.replacing("Image|endswith: /nc", with: "User|expand: '%admins%'")
        let error = await #expect(throws: RulesError.self) { try await publish(rule, to: packs) }
        let message = try #require(error?.message)
        for part in ["rule.yml:9:", "%admins%", "cordon groups set admins"] { #expect(message.contains(part)) }
        _ = try await packs.groups.set("admins", to: ["root", "svc-*"], by: Self.ada)
        let pack = try await publish(rule, to: packs)
        let content = try #require(try await packs.content(of: pack.version))
        #expect(Array("svc-".utf8).isPart(of: content))
        // A pack is what it was, also after a restart, whatever becomes of the group.
        _ = try await packs.groups.set("admins", to: ["ada"], by: Self.ada)
        let again = try await self.packs(database, workshop)
        #expect(try await again.groups.all().map(\.values) == [["ada"]])
        #expect(try await again.content(of: pack.version) == content)
        let other = try await publish(rule, to: again)
        #expect(other.digest != pack.digest)
        try await again.groups.remove("admins", by: Self.ada)
        await #expect(throws: RulesError.self) { try await publish(rule, to: again) }
        await #expect(throws: RulesError.self) { try await again.groups.remove("admins", by: Self.ada) }
        let records = try await workshop.reader(database).newest(before: nil, subject: "asset-group:admins", limit: 10)
        #expect(records.map(\.entry.verb) == ["asset_group.removed", "asset_group.set", "asset_group.set"])
    }

    @Test(
        "a group of a bad name, or without values, is refused",
        arguments: [("%admins%", ["root"]), ("", ["root"]), ("a b", ["root"]), ("admins", []), ("admins", [""])])
    func badGroups(name: String, values: [String]) async throws {
        let workshop = try Workshop()
        let packs = try await packs(try workshop.open(), workshop)
        await #expect(throws: RulesError.self) { try await packs.groups.set(name, to: values, by: Self.ada) }
        #expect(try await packs.groups.all().isEmpty)
    }

    @Test("one bad rule refuses the whole pack, and nothing is kept")
    func refuses() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        let packs = try await packs(database, workshop)
        await #expect(throws: RulesError.self) {
            try await packs.publish(
                [
                    .init(name: "good.yml", text: Self.rule),
                    .init(name: "bad.yml", text: Self.rule.replacing("endswith", with: "endswit")),
                ], name: "linux", by: Self.ada)
        }
        await #expect(throws: RulesError.self) { try await packs.publish([], name: "none", by: Self.ada) }
        await #expect(throws: RulesError.self) { try await packs.stage(1, to: "", by: Self.ada) }
        await #expect(throws: RulesError.self) { try await packs.rollBack("web", by: Self.ada) }
        let listed = try await packs.all()
        #expect(listed.isEmpty)
    }
}

extension [UInt8] {
    fileprivate func isPart(of other: [UInt8]) -> Bool {
        other.indices.contains { other[$0...].starts(with: self) }
    }
}
