import CordonTesting
import Testing

/// What people read first. `./dev deb` makes the manual pages of it.
@Suite("Help pages")
struct HelpTests {
    @Test(
        "every page of every program has an example of it",
        arguments: ["cordon", "cordon-agent", "cordon-controller", "cordon-enforcer"])
    func examples(program: String) throws {
        var waiting = [[program]]
        var seen = 0
        while let words = waiting.popLast() {
            let page = try Command(
                [Binaries.besideThisProcess + "/" + program] + words.dropFirst() + ["--help"]
            ).must()
            let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
            let name = words.joined(separator: " ")
            #expect(lines.contains { $0.hasPrefix("  ") && $0.contains(name) && !$0.contains("See '") }, "\(name)")
            seen += 1
            waiting += Self.verbs(lines).map { words + [$0] }
        }
        #expect(seen > 3)
    }

    /// The names that stand in the page's lists of subcommands, two blanks from the edge.
    private static func verbs(_ lines: [Substring]) -> [String] {
        var (verbs, isList) = ([String](), false)
        for line in lines {
            if line.hasSuffix("SUBCOMMANDS:") { isList = true }
            if line.isEmpty { isList = false }
            guard isList, line.hasPrefix("  "), let first = line.dropFirst(2).first, first.isLetter else { continue }
            verbs.append(String(line.dropFirst(2).prefix { $0 != " " }))
        }
        return verbs
    }
}
