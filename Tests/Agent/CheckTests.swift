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
}
