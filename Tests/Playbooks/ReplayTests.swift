import CordonModel
import Testing

@testable import ControllerPlaybooks

@Suite("Replay")
struct ReplayTests {
    /// Histories of the built-in playbook, with every way it can go.
    static let histories: [(name: String, bench: Bench)] = ["approve", "deny", "late", "cancel", "failing"].map { way in
        var bench = BuiltInTests.bench(severity: "critical")
        switch way {
        case "approve": bench.decide(.approve)
        case "deny": bench.decide(.deny)
        case "late": bench.wait()
        case "cancel": bench.give(.cancelled(by: "ada", reason: ""))
        default:
            bench.decide(.approve)
            bench.serve(orders: .refused)
        }
        bench.serve()
        return (way, bench)
    }

    @Test(
        "after any prefix of a history, stored and read again, the run goes on to the same end with the same effects",
        arguments: histories.map(\.name))
    func prefixes(name: String) throws {
        let bench = try #require(Self.histories.first { $0.name == name }).bench
        #expect(bench.machine.state.isFinal)
        for length in 0...bench.history.count {
            var machine = RunMachine(playbook: bench.machine.playbook, run: Bench.run)
            for event in bench.history[..<length] {
                _ = machine.handle(try RunHistory.decode(RunHistory.encode(event), of: Bench.run))
            }
            // The crash: what was in memory is gone, what is outstanding is asked for again, with the same
            // identifiers.
            let again = machine.outstanding
            for command in again { #expect(bench.asked.contains(command), "\(name) after \(length) events") }
            var commands: [RunCommand] = []
            for event in bench.history[length...] { commands += machine.handle(event) }
            #expect(machine.record == bench.machine.record)
            #expect(Array(bench.asked.suffix(commands.count)) == commands)
        }
    }
}
