internal import CordonModel
internal import CordonSettings
internal import Testing

@Suite("Typed settings")
struct SectionTests {
    @Test("an absent key has its default, and a required one is asked for by name")
    func defaults() throws {
        var section = try Settings.parse("[other]").section("uplink")
        #expect(try section.text("address", default: "x") == "x")
        #expect(try section.optionalText("address") == nil)
        #expect(try section.integer("n", default: 3, in: 1...5) == 3)
        #expect(try section.flag("f", default: true))
        #expect(try section.duration("d", default: .seconds(30)) == .seconds(30))
        #expect(try section.networks("w", default: []) == [])
        #expect(section.origin(of: "n") == "built-in default of uplink.n")
        let error = #expect(throws: SettingsError.self) { try section.text("address") }
        #expect(error?.code == "settings.missing")
        #expect(error?.message == "[uplink]: uplink.address is missing.")
    }

    @Test("durations, networks and endpoints are read")
    func rich() throws {
        var section = try Settings.parse(
            """
            day = "1d"
            networks = ["192.0.2.0/24", "2001:db8::1"]
            endpoints = ["192.0.2.1:7443", "[2001:db8::1]:53"]
            """
        ).section("")
        #expect(try section.duration("day", default: .zero) == .seconds(86_400))
        #expect(try section.networks("networks", default: []).map(\.description) == ["192.0.2.0/24", "2001:db8::1"])
        #expect(
            try section.endpoints("endpoints", default: []).map(\.description) == [
                "192.0.2.1:7443", "[2001:db8::1]:53",
            ])
    }

    @Test(
        "a value of another kind or out of bounds is refused where it stands, never replaced by the default",
        arguments: [
            ("text = 1", "text"), ("text = true", "text"), ("text = [\"a\"]", "text"),
            ("integer = \"1\"", "integer"), ("integer = 0", "integer"), ("integer = 11", "integer"),
            ("flag = \"true\"", "flag"), ("flag = 1", "flag"),
            ("duration = 30", "duration"), ("duration = \"30\"", "duration"), ("duration = \"1h30m\"", "duration"),
            ("duration = \"2d\"", "duration"), ("duration = \"-1s\"", "duration"),
            ("texts = \"a\"", "texts"), ("texts = [1]", "texts"),
            ("networks = [\"192.0.2.1/24\"]", "networks"), ("networks = [\"example.org\"]", "networks"),
            ("endpoints = [\"192.0.2.1\"]", "endpoints"), ("endpoints = [\"2001:db8::1:53\"]", "endpoints"),
        ])
    func malformed(_ line: String, _ key: String) throws {
        var section = try Settings.parse("[s]\n\(line)", named: "f.toml").section("s")
        let error = #expect(throws: SettingsError.self) { try Self.read(key, of: &section) }
        #expect(error?.code == "settings.malformed")
        #expect(error?.message.hasPrefix("f.toml:2: s.\(key) must be ") == true, "\(error?.message ?? "")")
    }

    private static func read(_ key: String, of section: inout SettingsSection) throws {
        switch key {
        case "text": _ = try section.text(key, default: "")
        case "integer": _ = try section.integer(key, default: 1, in: 1...10)
        case "flag": _ = try section.flag(key, default: false)
        case "duration": _ = try section.duration(key, default: .zero, in: .zero ... .seconds(86_400))
        case "texts": _ = try section.texts(key, default: [])
        case "networks": _ = try section.networks(key, default: [])
        default: _ = try section.endpoints(key, default: [])
        }
    }

    @Test("a key that nobody read is refused with its line, the first of them first")
    func unknownKeys() throws {
        let lines = "[s]\nknown = 1\n" + (3...12).map { "key\($0) = 1\n" }.joined()
        let document = try Settings.parse(lines, named: "f.toml")
        var section = document.section("s")
        _ = try section.integer("known", default: 0, in: 0...9)
        let error = #expect(throws: SettingsError.self) { try document.finish(section) }
        #expect(error?.code == "settings.unknown_key")
        #expect(error?.message == "f.toml:3: s.key3 is not known.")
        #expect(error?.remedy == "Known are: known.")
    }

    @Test(
        "a section that nobody read is refused, an empty one too",
        arguments: [
            ("[s]\n[typo]\nkey = 1", "f.toml:2: The section [typo] is not known."),
            ("[s]\n\n[typo]", "f.toml:3: The section [typo] is not known."),
            ("key = 1\n[s]", "f.toml:1: No key may stand before the first [section]."),
        ])
    func unknownSections(_ text: String, _ message: String) throws {
        let document = try Settings.parse(text, named: "f.toml")
        let error = #expect(throws: SettingsError.self) { try document.finish(document.section("s")) }
        #expect(error?.code == "settings.unknown_section")
        #expect(error?.message == message)
        #expect(error?.remedy == "Known are: [s].")
    }
}
