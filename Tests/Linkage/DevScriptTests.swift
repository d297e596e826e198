import CordonTesting
import Testing

/// `./dev`, as far as it goes without building anything.
@Suite("The developer's script")
struct DevScriptTests {
    private let script = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/dev"

    @Test("asked how a command is called, it says so and builds nothing", arguments: ["test", "demo", "bench", "deb"])
    func help(command: String) throws {
        let result = try Command([script, command, "--help"]).run()
        #expect(result.status == 0 && result.output.contains("./dev \(command)"), "\(result.output)")
        #expect(!result.errors.contains("==>"), "nothing was begun")
    }

    @Test("without a name it lists what there is, and that is no fault", arguments: ["bench", "fuzz"])
    func lists(command: String) throws {
        let result = try Command([script, command]).run()
        #expect(result.status == 0 && result.output.split(separator: "\n").count > 3, "\(result.errors)")
        #expect(result.errors.contains("./dev \(command) NAME") && !result.errors.contains("==>"))
    }

    @Test(
        "what it does not know it refuses with the command's usage and 2",
        arguments: [
            ["demo", "--nonsense"], ["test", "--nonsense"], ["test", "a", "b"], ["deb", "x"], ["lint", "x"],
            ["bench", "nonsense"], ["nonsense"],
        ])
    func refuses(arguments: [String]) throws {
        let result = try Command([script] + arguments).run()
        #expect(result.status == 2 && result.errors.contains("./dev"), "\(result.errors)")
        #expect(!result.errors.contains("==>"), "nothing was begun")
    }
}
