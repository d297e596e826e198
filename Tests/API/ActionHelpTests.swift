import CordonModel
import CordonScan
import CordonTesting
import Testing

/// The real `cordon`, without a controller.
@Suite("Help for actions and verbs")
struct ActionHelpTests {
    private func cordon(_ words: [String]) async throws -> Program.Outcome {
        try await Program.start(Program.cordon, words, environment: ["HOME": "/nonexistent"])
    }

    @Test(
        "an action's page has each parameter with its bounds, unit, default and an example", arguments: ["page", "act"])
    func page(_ way: String) async throws {
        let words = way == "act" ? ["act", "web-1", "block_address", "--help"] : ["actions", "block_address"]
        let page = try await cordon(words)
        #expect(page.status == 0, "\(page.errors)")
        for words in [
            "duration_s  (required) 1 to 31622400 seconds", "As duration_s=3600, or a span as 90s, 4h, 7d.",
            "direction  (optional) one of in, out, both; both unless given", "As network=203.0.113.7.",
            "cordon act HOST block_address network=203.0.113.7 duration_s=3600 --reason",
        ] { #expect(page.output.contains(words), "\(page.output)") }
    }

    @Test("programs get an action's parameters as an object, with bounds, unit, choices, default and example")
    func json() async throws {
        let answer = try await cordon(["actions", "isolate", "--json"])
        let parameters = try #require(try JSONValue.parse(answer.output)["parameters"]?.array)
        let duration = try #require(parameters.first { $0["name"]?.text == "duration_s" })
        #expect(duration["unit"]?.text == "seconds" && duration["minimum"]?.integer == 1)
        #expect(duration["maximum"]?.integer == 31_622_400 && duration["required"]?.flag == true)
        let level = try #require(parameters.first { $0["name"]?.text == "level" })
        #expect(level["default"]?.text == "network_and_raw" && level["choices"]?.array?.count == 2)
        #expect(level["minimum"] == nil)
        #expect(try JSONValue.parse(answer.output)["example"]?["duration_s"]?.text == "3600")
    }

    @Test(
        "an action that there is not is named, with the nearest",
        arguments: [["actions", "blok_address"], ["act", "web-1", "blok_address", "--reason", "x"]])
    func unknownAction(_ words: [String]) async throws {
        let answer = try await cordon(words)
        #expect(answer.status == 2)
        #expect(answer.errors.contains("There is no action “blok_address”"), "\(answer.errors)")
        #expect(answer.errors.contains("Did you mean block_address?"))
    }

    @Test("a parameter's fault has no blank at the end of a line, and says where help is")
    func fault() async throws {
        let answer = try await cordon(["act", "web-1", "block_address", "network=203.0.113.7", "--reason", "x"])
        #expect(answer.status == 2 && answer.errors.contains("duration_s is missing: 1 to 31622400 seconds"))
        #expect(answer.errors.contains("`cordon actions block_address` says more"))
        #expect(!answer.errors.split(separator: "\n").contains { $0.last == " " })
    }

    @Test("a file of networks with a bad one is refused with the line")
    func list() async throws {
        let scratch = try Scratch()
        let file = try scratch.file("drop.txt", "203.0.113.7\n# more\n10.0.0.1/8\n")
        let answer = try await cordon(
            ["act", "web-1", "block_addresses", "--list", file, "list=drop", "duration_s=1h", "--reason", "x"])
        #expect(answer.status == 2)
        #expect(answer.errors.contains("has “10.0.0.1/8”, item 2, in line 3"), "\(answer.errors)")
    }

    @Test(
        "a verb that there is not is named, with the nearest",
        arguments: [
            (["frob"], "cordon has no verb “frob”."), (["isolat", "web-1"], "Did you mean `cordon isolate`?"),
            (["hunt", "strat", "process"], "cordon hunt has no verb “strat”. Did you mean `cordon hunt start`?"),
            (["help", "isloate"], "Did you mean `cordon isolate`?"),
            (["frob", "--help"], "cordon has no verb “frob”."),
            (["\u{1B}[2Jx"], "cordon has no verb “\\u{1b}[2Jx”."),
        ])
    func unknownVerb(_ words: [String], says: String) async throws {
        let answer = try await cordon(words)
        #expect(answer.status == 2)
        #expect(answer.errors.contains(says), "\(answer.errors)")
        #expect(answer.errors.contains("--help` lists the verbs"))
    }
}
