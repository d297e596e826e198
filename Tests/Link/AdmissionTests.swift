import ControllerFleet
import ControllerStore
import CordonLink
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import GRPCCore
import SwiftProtobuf
import Testing

@Suite("Who is let in", .timeLimit(.minutes(2)))
struct AdmissionTests {
    let scratch = ScratchFolder()
    let other = ScratchFolder()

    @Test("a stranger without a certificate may only enrol")
    func refusesStrangers() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let stream = TestStream()
            try await withGRPCClient(transport: try TestAgent.transport(to: controller.port)) { client in
                await stream.run(.init(wrapping: client), agent.metadata)
            }
            #expect(await stream.status()?.cordonCode == "link.no_certificate")
        }
    }

    @Test(
        "a certificate of another fleet, or of another authority of the same name, is refused by name",
        arguments: [
            ("elsewhere", "link.other_fleet"), ("test", "link.not_issued_here"),
        ])
    func refusesForeigners(name: String, code: String) async throws {
        let foreigner = try await Controller.serve(in: other.path, fleet: name) { try await $0.agent() }
        try await Controller.serve(in: scratch.path) { controller in
            var agent = foreigner
            agent.port = controller.port
            let refusal = await agent.refusal()
            #expect(refusal?.code == .unauthenticated)
            #expect(refusal?.cordonCode == code)
        }
    }

    @Test("the same key on another machine is a clone: refused, and the host is marked")
    func refusesClones() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            var clone = agent
            clone.machine = Fingerprint.machine(machineID: "stolen")
            let refusal = await clone.refusal()
            #expect(refusal?.code == .permissionDenied)
            #expect(refusal?.cordonCode == "host.clone")
            #expect(refusal?.message.hasPrefix("clone") == true)
            #expect(try await controller.fleet.host(agent.id)?.cloneSeenAt != nil)
            #expect(try await controller.store.allHosts().first?.cloneSeenAt != nil)
            #expect(await agent.refusal() == nil)
        }
    }

    @Test("a revocation cuts a connected agent within a second and keeps it out, after a restart too")
    func revokes() async throws {
        let agent = try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                try await controller.host(agent.id, isOnline: true)
                let start = ContinuousClock.now
                try await controller.fleet.revoke(agent.id, by: Controller.admin, reason: "stolen")
                let status = await stream.status()
                #expect(ContinuousClock.now - start < .seconds(1))
                #expect(status?.code == .permissionDenied)
                #expect(status?.cordonCode == "host.revoked")
            }
            #expect(await agent.refusal()?.cordonCode == "host.revoked")
            return agent
        }
        try await Controller.serve(in: scratch.path) { controller in
            var again = agent
            again.port = controller.port
            #expect(await again.refusal()?.cordonCode == "host.revoked")
            await #expect(throws: FleetError.revokedHost(agent.id)) {
                _ = try await controller.fleet.submit(controller.request(.release, of: agent), by: Controller.admin)
            }
        }
    }

    @Test("after a renewal both certificates are taken until the new one is used; then the old one is refused")
    func renews() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let renewed = try await agent.renewed()
            #expect(await agent.refusal() == nil)
            #expect(await renewed.refusal() == nil)
            #expect(await agent.refusal()?.cordonCode == "link.certificate_replaced")
            #expect(
                try await controller.store.allCertificates().map(\.fingerprint) == [
                    Fingerprint(of: renewed.certificate)
                ])
        }
    }

    @Test(
        "a renewal that was never used ends the old certificate with its grace, and a certificate ends with its life",
        arguments: [
            (Duration.seconds(86_401), true), (.seconds(31 * 86_400), false),
        ])
    func endsCertificates(after time: Duration, renews: Bool) async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            if renews { _ = try await agent.renewed() }
            controller.clock.advance(by: time)
            #expect(await agent.refusal()?.cordonCode == "link.certificate_expired")
        }
    }

    @Test("a second connection of an agent takes the first one's place")
    func fences() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { first in
                try await agent.connected { second in
                    #expect(await first.status()?.code == .aborted)
                    let order = try await controller.fleet.submit(
                        controller.request(.release, of: agent), by: Controller.admin)
                    #expect(try await second.order().order.id == order.id)
                }
            }
        }
    }

    @Test("a host is on the air while its stream is open, and what it says of itself is kept")
    func knowsPresence() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                try await controller.host(agent.id, isOnline: true)
                stream.send(
                    .with {
                        $0.facts.hostname = "renamed"
                        $0.facts.kernel = "6.18"
                    })
                _ = try await eventually("facts") {
                    try await controller.fleet.host(agent.id)?.claimedName == "renamed" ? true : nil
                }
            }
            try await controller.host(agent.id, isOnline: false)
            let stored = try await eventually("presence on disk") {
                try await controller.store.allHosts().first { $0.facts?.hostname == "renamed" }
            }
            #expect(stored.facts?.kernel == "6.18")
            #expect(stored.lastSeen != nil)
        }
    }

    @Test("what a host says it is called changes no name that people decide by, and stands in the audit chain")
    func renames() async throws {
        let clock = TestClock(standsStill: true)
        try await Controller.serve(in: scratch.path, clock: clock) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.send(.with { $0.facts.hostname = "db-1" })
                let first = try await eventually("the claim is recorded") {
                    try await controller.claims(agent, "host.renamed").first
                }
                #expect(first == ["name": "web-1", "from": "web-1", "claimed": "db-1"])
                let host = try await controller.fleet.host(agent.id)
                #expect(host?.name == "web-1" && host?.claimedName == "db-1")
                // One that does it again and again fills no disk, and its last claim is not lost.
                for name in ["a", "b", "mail-1"] { stream.send(.with { $0.facts.hostname = name }) }
                _ = try await eventually("the last claim") {
                    try await controller.fleet.host(agent.id)?.claimedName == "mail-1" ? true : nil
                }
                clock.advance(by: .seconds(61))
                let all = try await eventually("the last claim is recorded") {
                    let all = try await controller.claims(agent, "host.renamed")
                    return all.count > 1 ? all : nil
                }
                #expect(all == [["name": "web-1", "from": "db-1", "claimed": "mail-1"], first])
            }
        }
    }

    @Test("an isolation that begins or ends at the host without an order, as by break-glass, stands in the audit chain")
    func isolationByHand() async throws {
        let clock = TestClock(standsStill: true)
        try await Controller.serve(in: scratch.path, clock: clock) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let until = clock.now + .seconds(3600)
                stream.send(.with { $0.facts.containment.isolatedUntilUs = until.microseconds })
                let begun = try await eventually("the isolation is recorded") {
                    try await controller.claims(agent, "host.says_isolated").first
                }
                #expect(begun == ["name": "web-1", "until": "\(until)"])
                clock.advance(by: .seconds(61))
                stream.send(.with { $0.facts.kernel = "6.18" })
                let ended = try await eventually("its end is recorded") {
                    try await controller.claims(agent, "host.says_released").first
                }
                #expect(ended == ["name": "web-1"])
            }
        }
    }
}

extension Controller {
    /// What the audit chain says of what the host said, newest first.
    fileprivate func claims(_ agent: TestAgent, _ verb: String) async throws -> [[String: String]] {
        try await audit.newest(before: nil, subject: "host:\(agent.id)", limit: 100)
            .filter { $0.entry.verb == verb }.map(\.entry.details)
    }
}
