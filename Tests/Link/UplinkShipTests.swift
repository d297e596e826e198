import AgentSpool
import AgentUplink
import ControllerFleet
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import Synchronization
import Testing

@Suite("Shipping, from the agent's side", .serialized)
struct UplinkShipTests {
    private static func event(_ number: Int) -> Telemetry {
        .event(
            Event(
                timestamp: Timestamp(seconds: Int64(number)), created: Timestamp(seconds: Int64(number)),
                original: "line \(number) " + String(repeating: "x", count: 400)))
    }

    @Test(
        "everything in the spool arrives once and in order, is forgotten when it is acknowledged, and orders do not wait behind it"
    )
    func ships() async throws {
        let scratch = Scratch()
        let path = scratch.path
        try await Controller.serve(in: "\(path)-c") { controller in
            let agent = try LiveAgent(in: path)
            let id = try await agent.enrol(try await controller.token()).identity.agent
            let spool = try Spool(folder: "\(path)/spool", surroundings: agent.clock.surroundings)
            for start in stride(from: 0, to: 20_000, by: 500) {
                try await spool.append((start..<(start + 500)).map(Self.event))
            }
            try await agent.run(spool: spool) { uplink in
                try await uplink.connected()
                let request = OrderRequest(
                    id: controller.clock.surroundings.identifier(), agent: id, action: .release, reason: "test",
                    lifetime: .seconds(60))
                let start = ContinuousClock.now
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await controller.order(request.id, becomes: .succeeded)
                #expect(ContinuousClock.now - start < .seconds(5))
                _ = try await eventually("all is acknowledged", within: .seconds(60)) {
                    await spool.status.acknowledged == 20_000 ? true : nil
                }
            }
            var next: UInt64 = 1
            for batch in controller.heard.batches {
                #expect(batch.firstSequence == next)
                next += UInt64(batch.items.count)
            }
            #expect(next == 20_001)
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }

    @Test("a controller that cannot keep logs still gives orders, and gets the logs when it can")
    func refused() async throws {
        let scratch = Scratch()
        let path = scratch.path
        try await Controller.serve(in: "\(path)-c") { controller in
            let agent = try LiveAgent(in: path)
            let id = try await agent.enrol(try await controller.token()).identity.agent
            let spool = try Spool(folder: "\(path)/spool", surroundings: agent.clock.surroundings)
            try await spool.append((0..<1000).map(Self.event))
            controller.heard.refusesBatches.withLock { $0 = true }
            try await agent.run(spool: spool) { uplink in
                try await uplink.connected()
                let request = OrderRequest(
                    id: controller.clock.surroundings.identifier(), agent: id, action: .release, reason: "test",
                    lifetime: .seconds(60))
                _ = try await controller.fleet.submit(request, by: Controller.admin)
                _ = try await controller.order(request.id, becomes: .succeeded)
                #expect(await spool.status.acknowledged == 0)
                controller.heard.refusesBatches.withLock { $0 = false }
                _ = try await eventually("all is acknowledged", within: .seconds(30)) {
                    await spool.status.acknowledged == 1000 ? true : nil
                }
            }
        }
        _ = try Command.run("/bin/rm", ["-rf", "\(path)-c", "\(path)-c.root"])
    }
}
