internal import CordonSettings
internal import Testing

@Suite("Reading settings")
struct ParserTests {
    @Test("every kind of value is read")
    func values() throws {
        let document = try Settings.parse(
            """
            # A comment
            top = "level" # and one behind a value
            [uplink]
            address = "controller.example:7443"
            retries = 1_000
            negative = -5
            plus = +7
            zero = 0
            verbose = true
            quiet = false
            tags = [
                "a", # first
                "b",
            ]
            escaped = "quote \\" backslash \\\\ line \\n tab \\t é"
            empty = []
            [source.auth-log_2]
            path = "/var/log/auth.log"
            """)
        var top = document.section("")
        var uplink = document.section("uplink")
        var source = document.section("source.auth-log_2")
        #expect(try top.text("top") == "level")
        #expect(try uplink.text("address") == "controller.example:7443")
        #expect(try uplink.integer("retries", default: 0, in: 0...5000) == 1000)
        #expect(try uplink.integer("negative", default: 0, in: -10...10) == -5)
        #expect(try uplink.integer("plus", default: 0, in: -10...10) == 7)
        #expect(try uplink.integer("zero", default: 3, in: 0...10) == 0)
        #expect(try uplink.flag("verbose", default: false))
        #expect(try !uplink.flag("quiet", default: true))
        #expect(try uplink.texts("tags", default: []) == ["a", "b"])
        #expect(try uplink.text("escaped") == "quote \" backslash \\ line \n tab \t é")
        #expect(try uplink.texts("empty", default: ["x"]) == [])
        #expect(try source.text("path") == "/var/log/auth.log")
        #expect(document.parts(of: "source") == ["auth-log_2"])
        try document.finish(top, uplink, source)
    }

    @Test(
        "nothing, comments and blank lines are settings too", arguments: ["", "\n\n", "# only\r\n\t # comments", "[a]"])
    func empty(_ text: String) throws {
        #expect(!(try Settings.parse(text)).section("a").has("key"))
    }

    @Test("Windows line ends are read")
    func carriageReturns() throws {
        var section = try Settings.parse("[a]\r\nkey = \"v\"\r\n").section("a")
        #expect(try section.text("key") == "v")
    }

    @Test(
        "what is not in the subset is refused with its line",
        arguments: [
            ("key", 1, "settings.syntax"), ("key =", 1, "settings.syntax"), ("key = yes", 1, "settings.syntax"),
            ("= 1", 1, "settings.syntax"), ("\"key\" = 1", 1, "settings.syntax"), ("a.b = 1", 1, "settings.syntax"),
            ("key = 1 2", 1, "settings.syntax"), ("key = 1.5", 1, "settings.syntax"),
            ("key = 0x10", 1, "settings.syntax"),
            ("key = 2026-01-01", 1, "settings.syntax"), ("key = 007", 1, "settings.syntax"),
            ("key = -01", 1, "settings.syntax"),
            ("key = 1__0", 1, "settings.syntax"), ("key = _1", 1, "settings.syntax"),
            ("key = 1_", 1, "settings.syntax"),
            ("key = -", 1, "settings.syntax"), ("key = 9223372036854775808", 1, "settings.syntax"),
            ("key = 'text'", 1, "settings.syntax"), ("key = \"open", 1, "settings.syntax"),
            ("key = \"two\nlines\"", 1, "settings.syntax"), ("key = \"\\u00e9\"", 1, "settings.syntax"),
            ("key = \"nul\u{0}\"", 1, "settings.syntax"), ("key = \"del\u{7F}\"", 1, "settings.syntax"),
            ("key = \"bell\u{7}\"", 1, "settings.syntax"), ("key = \"cr\r\"", 1, "settings.syntax"),
            ("key = [1, [2]]", 1, "settings.syntax"), ("key = [1 2]", 1, "settings.syntax"),
            ("key = [1,\n2", 2, "settings.syntax"),
            ("key = [,]", 1, "settings.syntax"), ("key = { a = 1 }", 1, "settings.syntax"),
            ("\n\n[[a]]", 3, "settings.syntax"), ("[a", 1, "settings.syntax"), ("[]", 1, "settings.syntax"),
            ("[a.]", 1, "settings.syntax"), ("[.a]", 1, "settings.syntax"), ("[a..b]", 1, "settings.syntax"),
            ("[a b]", 1, "settings.syntax"), ("[a] key = 1", 1, "settings.syntax"),
            ("\u{FEFF}key = 1", 1, "settings.syntax"),
            ("a = 1\n\na = 2", 3, "settings.duplicate"), ("[a]\n[b]\n[a]", 3, "settings.duplicate"),
        ])
    func refused(_ text: String, _ line: Int, _ code: String) {
        let error = #expect(throws: SettingsError.self) { try Settings.parse(text, named: "agent.toml") }
        #expect(error?.code == code)
        #expect(error?.message.hasPrefix("agent.toml:\(line): ") == true, "\(error?.message ?? "")")
    }

    @Test("a text that is not UTF-8 and a file beyond 1 MiB are refused")
    func bytes() throws {
        let scratch = try Folder()
        let latin = try scratch.write("latin.toml", bytes: Array("key = \"".utf8) + [0xE9] + Array("\"".utf8))
        let large = try scratch.write("large.toml", bytes: Array(repeating: UInt8(ascii: "#"), count: 1 << 20 + 1))
        #expect(throws: SettingsError.self) { try Settings.load(file: latin) }
        let error = #expect(throws: SettingsError.self) { try Settings.load(file: large) }
        #expect(error?.code == "settings.too_large")
    }

    @Test("any cut of a valid file is read or refused, and never traps")
    func cuts() throws {
        let text = "[a]\nk = [\"x\", \"\\\"\", 12, true] # c\n[b.c]\nz = -1_0\n"
        for length in 0...text.utf8.count {
            _ = try? Settings.parse(String(text.prefix(length)))
            _ = try? Settings.parse(String(text.dropFirst(length)))
        }
        #expect(try Settings.parse(text).parts(of: "b") == ["c"])
    }
}
