import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// A user's network cut, proved by packets of that user and of others.
@Suite("A user's network", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct UserNetworkTests {
    private let lab: Lab
    private let enforcer: EnforcerProcess
    private let peerServer: Program
    private let localServer: Program
    private let user = "4321"

    init() throws {
        lab = try Lab()
        peerServer = try lab.start(lab.peer, "serve", "7443", "4444")
        localServer = try lab.start(lab.host, "serve", "2222")
        enforcer = try EnforcerProcess(Enrolled(lab.scratch, policy: #"protected_users = ["4400"]"#), in: lab.host)
    }

    private func cut(_ number: UInt32 = 4321, seconds: Int64 = 600) -> Action {
        .cutUserNetwork(UserNetworkCut(user: number, duration: .seconds(seconds)))
    }

    private func reaches(_ address: String, _ port: String, as user: String) throws -> Bool {
        try lab.probe(lab.host, "tcp", address, port, user) == "ok"
    }

    @Test("nothing that the user sends leaves, over loopback either; connections end; other users talk on")
    func whole() throws {
        let before = try lab.nft("list", "ruleset").output
        let held = try lab.start(lab.host, "hold", "10.66.0.3", "4444", user)
        let held6 = try lab.start(lab.host, "hold", "fd66::3", "4444", user)
        let local = try lab.start(lab.host, "hold", "127.0.0.1", "2222", user)
        let other = try lab.start(lab.host, "hold", "10.66.0.3", "4444", "4400")
        let serving = try Program([
            "ip", "netns", "exec", lab.host, "python3", "-u", "-c",
            "import os, socket; os.setuid(\(user)); s = socket.socket(); s.bind(('', 2224)); s.listen(); print('ready')\n"
                + "while True: c = s.accept()[0]; c.sendall(c.recv(1))",
        ])
        #expect(serving.line() == "ready")
        #expect(try lab.probe(lab.peer, "tcp", "10.66.0.1", "2224") == "ok")

        let order = enforcer.fleet.order(cut())
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect((result.proof?.socketsReset ?? 0) >= 3)
        for ended in [held, held6, local] { #expect(ended.line() == "ConnectionAbortedError") }
        for (address, port) in [("10.66.0.3", "4444"), ("fd66::3", "4444"), ("127.0.0.1", "2222"), ("::1", "2222")] {
            #expect(try lab.probe(lab.host, "tcp", address, port, user) == "ConnectionRefusedError", "\(address)")
            #expect(try reaches(address, port, as: "4400") && reaches(address, port, as: "0"), "\(address)")
        }
        #expect(try lab.probe(lab.host, "udp", "10.66.0.3", "5000", "1", "-", user) == "PermissionError")
        #expect(try lab.probe(lab.host, "udp", "10.66.0.3", "5000", "1", "-", "4400") == "ok")
        #expect(try lab.probe(lab.peer, "tcp", "10.66.0.1", "2224") != "ok", "nor does it answer")
        #expect(try lab.probe(lab.peer, "tcp", "10.66.0.1", "2222") == "ok")
        other.write("?\n")
        #expect(other.line() == "alive")
        #expect(try enforcer.status().containment.model().effects.map(\.kind) == [.cutUserNetwork])

        #expect(try enforcer.execute(.restoreUserNetwork(order.id)).outcome == .succeeded)
        #expect(try reaches("10.66.0.3", "4444", as: user))
        #expect(try lab.nft("list", "ruleset").output == before)
    }

    @Test("the kernel ends it when the enforcer is dead")
    func timeout() throws {
        #expect(try enforcer.execute(cut(seconds: 20)).outcome == .succeeded)
        enforcer.kill()
        #expect(try !reaches("10.66.0.3", "4444", as: user))
        #expect(enforcer.becomes(within: 60) { (try? reaches("10.66.0.3", "4444", as: user)) == true })
    }

    @Test("it comes back after a reboot, and is put back when it is lost")
    func restored() throws {
        #expect(try enforcer.execute(cut()).outcome == .succeeded)
        enforcer.kill()
        try lab.nft("flush", "ruleset")
        #expect(try reaches("10.66.0.3", "4444", as: user))
        let second = try EnforcerProcess(enforcer.fleet, in: lab.host)
        #expect(try !reaches("10.66.0.3", "4444", as: user))
        try lab.nft("flush", "ruleset")
        #expect(second.becomes(within: 30) { (try? reaches("10.66.0.3", "4444", as: user)) == false })
    }

    @Test("root, services, the agent and whom policy protects keep their network; users of directories are people")
    func refused() throws {
        for (number, rule) in [
            (0, "built-in: root"), (Lab.agentUser, "built-in: agent"), (33, "built-in: system account"),
            (65_534, "built-in: system account"), (60_000, "built-in: system account"),
            (4400, "protected_users (\(lab.scratch.path)/policy.d/10.toml:1)"),
        ] as [(UInt32, String)] {
            let result = try enforcer.execute(cut(number))
            #expect(result.outcome == .refused(rule: rule), "\(number): \(result.message)")
        }
        #expect(try enforcer.execute(cut(1_300_001)).outcome == .succeeded)
    }
}
