import CordonModel
import CordonOrders
import CordonWire
import Testing

@testable import AgentEnforce

/// `cordon-enforcer leave`: what the package asks before it is removed.
@Suite("Leaving", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct LeaveTests {
    private func leave(_ lab: Lab) throws -> (status: Int32, output: String) {
        try Program.run([
            "nsenter", "--net=/run/netns/\(lab.host)", EnforcerProcess.binary, "leave", "--config",
            lab.scratch.path + "/enforcer.toml",
        ])
    }

    @Test("an isolated host is not left, whether the enforcer runs or not; the refusal names what releases it")
    func refused() throws {
        let lab = try Lab()
        let enforcer = try EnforcerProcess(Enrolled(lab.scratch), in: lab.host)
        #expect(try enforcer.execute(.isolate(Isolation(duration: .seconds(600)))).outcome == .succeeded)
        for isRunning in [true, false] {
            if !isRunning { enforcer.kill() }
            let (status, output) = try leave(lab)
            #expect(status != 0)
            #expect(output.contains("isolated until") && output.contains("cordon-enforcer release --reason"))
            #expect(try lab.nft("list", "table", "inet", IsolationRules.table).status == 0)
        }
    }

    @Test(
        "a host that is not isolated is left with nothing in the kernel, and its blocks are known when one comes back")
    func clean() throws {
        let lab = try Lab()
        try lab.scratch.file("passwd", "ana:x:4321:1000::/:/bin/sh\n")
        try lab.scratch.file("group", "")
        let shadow = "ana:$y$hash:19000:0:99999:7:::\n"
        try lab.scratch.file("shadow", shadow)
        let fleet = try Enrolled(lab.scratch, settings: #"accounts = "\#(lab.scratch.path)""#)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let locking = AccountLocking(user: "ana", duration: .seconds(600), keepsSessions: true)
        #expect(try enforcer.execute(.lockAccount(locking)).outcome == .succeeded)
        let network = try #require(Network("203.0.113.9"))
        let block = AddressBlock(network: network, duration: .seconds(600))
        #expect(try enforcer.execute(.blockAddress(block)).outcome == .succeeded)
        let running = try leave(lab)
        #expect(running.status == 0 && running.output.contains("1 blocks are in force"))
        #expect(try lab.nft("list", "table", "inet", BlockRules.table).status == 0)

        enforcer.kill()
        let stopped = try leave(lab)
        #expect(stopped.status == 0 && stopped.output.contains("1 blocks ended"))
        #expect(stopped.output.contains("The account ana is unlocked."))
        #expect(TextFile.text(lab.scratch.path + "/shadow") == shadow)
        #expect(try lab.nft("list", "ruleset").output.contains("cordon") == false)

        let again = try EnforcerProcess(fleet, in: lab.host)
        #expect(try again.status().containment.blockCount == 1 && again.status().containment.effects.isEmpty)
        #expect(try lab.nft("list", "table", "inet", BlockRules.table).status == 0)
    }
}
