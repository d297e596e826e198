import CordonTesting
import Testing

@Suite(
    "no line is lost and none comes twice", .serialized,
    .enabled(if: Abilities.labObstacle == nil, Comment(rawValue: Abilities.labObstacle ?? "")))
struct DurabilityTests {
    @Test(
        "through rotation, kill -9 of agent and controller, a cut link and a full disk; what is missing, a gap tells of",
        .timeLimit(.minutes(10)))
    func short() throws {
        let run = DurabilityRun(lines: 20_000, kills: 6, patience: .seconds(300))
        let verdict = try run.run(binaries: Binaries.besideThisProcess)
        #expect(verdict.lost == 0, "\(verdict.json) \(verdict.detail)")
        #expect(verdict.duplicated == 0, "\(verdict.json)")
    }
}
