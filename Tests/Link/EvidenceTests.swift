import AgentUplink
import ControllerFleet
import ControllerStore
import CordonLink
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import GRPCCore
import Glibc
import SwiftProtobuf
import Synchronization
import Testing

@Suite("Evidence on its way", .serialized, .timeLimit(.minutes(2)))
struct EvidenceTests {
    let scratch = ScratchFolder()
    private static let action = Action.collectFile(FileCollection(path: "/tmp/x"))
    /// Not a whole number of parts.
    private static let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    private static func request(_ controller: Controller, _ agent: AgentID) -> OrderRequest {
        OrderRequest(
            id: controller.clock.surroundings.identifier(), agent: agent, action: action, reason: "test",
            caseID: CaseID(controller.clock.surroundings.identifier(of: CaseID.self).uuid), lifetime: .seconds(60))
    }

    private static func awaited(_ id: OrderID, at controller: Controller) async throws -> EvidenceRecord {
        try await eventually("the evidence is kept", within: .seconds(40)) { try? await controller.fleet.evidence(id) }
    }

    private static func content(_ evidence: EvidenceRecord, at controller: Controller) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try await controller.fleet.evidenceFolder.bytes(of: evidence.sha256, at: Int64(bytes.count))
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    @Test(
        "what an order brought arrives whole, is tied to order, host and case, is written down, and is forgotten at the host"
    )
    func arrives() async throws {
        let path = scratch.path
        try await Controller.serve(in: "\(path)-c") { controller in
            let agent = try LiveAgent(in: path)
            let id = try await agent.enrol(try await controller.token()).identity.agent
            try await agent.run { uplink in
                try await uplink.connected()
                let request = Self.request(controller, id)
                agent.enforcer.bring(Self.bytes, by: request.id)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                let kept = try await Self.awaited(request.id, at: controller)
                #expect(kept.host == id && kept.caseID == request.caseID && kept.kind == .collectFile)
                #expect(kept.size == Int64(Self.bytes.count) && kept.name == "found")
                let content = try await Self.content(kept, at: controller)
                #expect(content == Self.bytes)
                _ = try await eventually("the host forgets it") {
                    agent.enforcer.evidence.kept == [request.id] ? true : nil
                }
                let found = try await controller.fleet.evidence(EvidenceFilter(caseID: request.caseID))
                #expect(found == [kept])
                let lines = try await controller.audit.newest(before: nil, subject: "order:\(request.id)", limit: 10)
                #expect(lines.contains { $0.entry.verb == "evidence.kept" && $0.entry.details["bytes"] == "3000001" })
            }
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    @Test("a link that is cut on the way, and a controller that ends on the way, go on where they stopped")
    func resumes() async throws {
        let path = scratch.path
        let agent = try LiveAgent(in: path)
        let (id, port, wire) = try await Controller.serve(in: "\(path)-c") { controller in
            let wire = try await Wire(to: controller.port)
            var near = agent
            near.settings.controller = ControllerAddress("127.0.0.1:\(wire.port)")
            let cuts = Mutex(0)
            agent.enforcer.onPart.withLock {
                $0 = { offset in
                    // Once on the way, for good later on.
                    let isFirst =
                        offset > 1_000_000
                        && cuts.withLock { count in
                            defer { count = max(count, 1) }
                            return count == 0
                        }
                    if isFirst || offset > 2_000_000 { wire.cut() }
                }
            }
            let host = try await agent.enrol(try await controller.token()).identity.agent
            let request = Self.request(controller, host)
            agent.enforcer.bring(Self.bytes, by: request.id)
            try await near.run { uplink in
                try await uplink.connected()
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await eventually("most has come", within: .seconds(30)) {
                    agent.enforcer.evidence.offsets.contains { $0 > 2_000_000 } ? true : nil
                }
            }
            return (request.id, controller.port, wire)
        }
        #expect(agent.enforcer.evidence.offsets.count { $0 == 0 } == 1, "it does not begin anew")
        agent.enforcer.onPart.withLock { $0 = nil }
        let before = agent.enforcer.evidence.offsets.count
        try await Controller.serve(in: "\(path)-c") { controller in
            wire.lead(to: controller.port)
            var near = agent
            near.settings.controller = ControllerAddress("127.0.0.1:\(wire.port)")
            try await near.run { _ in
                let kept = try await Self.awaited(id, at: controller)
                let content = try await Self.content(kept, at: controller)
                #expect(content == Self.bytes)
            }
        }
        let later = agent.enforcer.evidence.offsets.dropFirst(before)
        #expect(later.allSatisfy { $0 > 1_500_000 }, "a controller that starts again has what it had: \(later)")
        try await wire.close()
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
        _ = port
    }

    @Test(
        "a controller whose disk is full keeps giving orders, and has the evidence once there is room",
        .enabled(if: geteuid() == 0, "needs root, to mount a small disk"))
    func fullDisk() async throws {
        let path = scratch.path
        try await Controller.serve(in: "\(path)-c") { controller in
            let disk = "\(path)-c/evidence"
            _ = try Command.run("/bin/mkdir", ["-p", disk])
            _ = try Command.run("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk])
            let agent = try LiveAgent(in: path)
            let id = try await agent.enrol(try await controller.token()).identity.agent
            try await agent.run { uplink in
                try await uplink.connected()
                let request = Self.request(controller, id)
                agent.enforcer.bring(Self.bytes, by: request.id)
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await eventually("the disk is full", within: .seconds(30)) {
                    agent.enforcer.evidence.offsets.contains { $0 > 900_000 } ? true : nil
                }
                let release = OrderRequest(
                    id: controller.clock.surroundings.identifier(), agent: id, action: .release, reason: "test",
                    lifetime: .seconds(60))
                _ = try await controller.fleet.submit(release, by: Controller.admin)
                _ = try await controller.order(release.id, becomes: .succeeded)
                #expect(agent.enforcer.evidence.kept.isEmpty)
                _ = try Command.run("/bin/mount", ["-o", "remount,size=16m", disk])
                let kept = try await Self.awaited(request.id, at: controller)
                let content = try await Self.content(kept, at: controller)
                #expect(content == Self.bytes)
            }
            _ = try Command.run("/bin/umount", ["-l", disk])
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    @Test("more than is kept at most is put off; the host keeps it")
    func room() async throws {
        let path = scratch.path
        var settings = FleetSettings()
        settings.evidenceBytes = 2_000_000
        try await Controller.serve(in: "\(path)-c", settings: settings) { controller in
            let agent = try LiveAgent(in: path)
            let id = try await agent.enrol(try await controller.token()).identity.agent
            try await agent.run { uplink in
                try await uplink.connected()
                let (large, small) = (Self.request(controller, id), Self.request(controller, id))
                agent.enforcer.bring(Self.bytes, by: large.id)
                agent.enforcer.bring(Array(Self.bytes.prefix(70_000)), by: small.id)
                _ = try await controller.fleet.submit(large, by: Controller.admin)
                _ = try await controller.fleet.submit(small, by: Controller.admin)
                _ = try await Self.awaited(small.id, at: controller)
                #expect(agent.enforcer.evidence.kept.contains(large.id) == false)
                #expect((try? await controller.fleet.evidence(large.id)) == nil)
            }
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    // MARK: - A host that lies

    /// What the controller answers to one part.
    private func mark(
        _ agent: TestAgent, _ order: OrderID, at offset: UInt64 = 0, _ content: [UInt8] = []
    ) async throws -> Cordon_V1_EvidenceMark {
        try await agent.call { link in
            try await link.evidence(metadata: agent.metadata, options: .short) { writer in
                try await writer.write(
                    .with {
                        $0.orderID = Data(order.uuid.bytes)
                        $0.offset = offset
                        $0.content = Data(content)
                    })
            } onResponse: { response in
                for try await mark in response.messages { return mark }
                return Cordon_V1_EvidenceMark()
            }
        }
    }

    /// An order that the host has answered with that evidence.
    private func answered(
        _ controller: Controller, _ agent: TestAgent, _ evidence: Evidence?, to action: Action = Self.action
    ) async throws -> OrderID {
        try await agent.connected { stream in
            let record = try await controller.fleet.submit(
                controller.request(action, of: agent), by: Controller.admin)
            _ = try await stream.order()
            stream.send(
                .with {
                    $0.result = Cordon_V1_OrderResult(
                        OrderResult(
                            order: record.id, outcome: .succeeded, message: "done", startedAt: Timestamp(seconds: 1),
                            finishedAt: Timestamp(seconds: 2), evidence: evidence))
                })
            _ = try await controller.order(record.id, becomes: .succeeded)
            return record.id
        }
    }

    @Test(
        "nothing is taken for an order that brings none, is another host's, has no result, or names more than was asked"
    )
    func refuses() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let other = try await controller.agent(machine: "machine-2")
            let good = Evidence(name: "../x", sha256: Fingerprint(of: [1, 2, 3]).bytes, size: 3)
            let unknown = OrderID(controller.clock.surroundings.identifier(of: OrderID.self).uuid)
            let unanswered = try await controller.fleet.submit(
                controller.request(Self.action, of: agent), by: Controller.admin)
            let others = try await answered(controller, other, good)
            let large = try await answered(
                controller, agent, good, to: .collectFile(FileCollection(path: "/x", mostBytes: 2)))
            let none = try await answered(controller, agent, good, to: .release)
            for order in [unknown, unanswered.id, others, large, none] {
                let mark = try await mark(agent, order, [1, 2, 3])
                #expect(mark.state == .later, "\(order)")
            }
            let order = try await answered(controller, agent, good)
            let ahead = try await mark(agent, order, at: 2, [3])
            #expect(ahead.state == .wanted && ahead.offset == 0, "no holes")
            let long = try await mark(agent, order, [1, 2, 3, 4])
            #expect(long.state == .wanted && long.offset == 0, "no more than was named")
            let other2 = try await mark(agent, order, [9, 9, 9])
            #expect(other2.state == .later, "another content is not what was named")
            let again = try await mark(agent, order)
            #expect(again.state == .wanted && again.offset == 0, "and does not stay")
            let kept = try await mark(agent, order, [1, 2, 3])
            #expect(kept.state == .kept)
            let record = try await controller.fleet.evidence(order)
            #expect(record.name == "..x")
            let repeated = try await mark(agent, order, [1, 2, 3])
            #expect(repeated.state == .kept)
            let audit = try await controller.audit.newest(before: nil, subject: "order:\(order)", limit: 20)
            #expect(audit.count { $0.entry.verb == "evidence.kept" } == 1)
        }
    }

    @Test("evidence is forgotten after its time, and bytes that another order brought too stay")
    func forgets() async throws {
        var settings = FleetSettings()
        settings.evidenceRetention = .seconds(1000)
        try await Controller.serve(in: scratch.path, settings: settings) { controller in
            let agent = try await controller.agent()
            let same = Evidence(name: "x", sha256: Fingerprint(of: [1, 2, 3]).bytes, size: 3)
            let first = try await answered(controller, agent, same)
            let kept = try await mark(agent, first, [1, 2, 3])
            #expect(kept.state == .kept)
            controller.clock.advance(by: .seconds(600))
            let second = try await answered(controller, agent, same)
            let keptToo = try await mark(agent, second, [1, 2, 3])
            #expect(keptToo.state == .kept)
            controller.clock.advance(by: .seconds(600))
            _ = try await controller.fleet.forgetEvidence()
            await #expect(throws: FleetError.self) { try await controller.fleet.evidence(first) }
            let left = try await controller.fleet.evidence(second)
            let content = try await Self.content(left, at: controller)
            #expect(content == [1, 2, 3])
            controller.clock.advance(by: .seconds(600))
            _ = try await controller.fleet.forgetEvidence()
            let holds = try await controller.fleet.evidenceFolder.holds(left.sha256, left.size)
            #expect(!holds)
        }
    }
}
