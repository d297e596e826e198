import CordonTesting
import Testing

@Suite(
    "the demo", .serialized,
    .enabled(if: Abilities.attackObstacle == nil, Comment(rawValue: Abilities.attackObstacle ?? "")))
struct DemoTests {
    @Test("every proof of the story holds", .timeLimit(.minutes(2)))
    func story() throws {
        let folder = Binaries.besideThisProcess
        let result = try Command(
            ["\(folder)/cordon-demo", "--once", "--yes", "--bin-dir", folder], patience: .seconds(110)
        ).run()
        #expect(
            result.status == 0,
            "\(result.output.split(separator: "\n").suffix(15).joined(separator: "\n"))\n\(result.errors)")
    }

    @Test("without a terminal and without --yes it says what to give")
    func noTerminal() throws {
        let result = try Command(["\(Binaries.besideThisProcess)/cordon-demo", "--once"]).run()
        #expect(result.status != 0)
        #expect(result.complaint.contains("--yes"))
    }
}
