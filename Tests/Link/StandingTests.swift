import ControllerFleet
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import SwiftProtobuf
import Testing

/// Standing orders as the controller keeps and sends them.
@Suite("Standing orders at the controller", .timeLimit(.minutes(2)))
struct StandingTests {
    let scratch = ScratchFolder()

    private func order(_ controller: Controller, rule: String) -> StandingOrder {
        StandingOrder(
            id: controller.clock.surroundings.identifier(), rule: rule, kind: .blockAddress, subject: .sourceAddress,
            duration: .seconds(600), expiresAt: controller.clock.now + .seconds(86_400), requestedBy: "ada",
            reason: "nights")
    }

    private static func next(_ stream: TestStream, _ controller: Controller) async throws -> StandingOrderSet {
        let signed = try await stream.next { message in
            if case .standingOrders(let set)? = message.message { set } else { nil }
        }
        return try StandingOrderSet(signed, signedByOneOf: [controller.keys.orderKey.verifyingKey])
    }

    @Test(
        "a host is sent all that it has when that changes and when it comes; a newer set leaves out what was withdrawn")
    func sent() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let fleet = controller.fleet
            let first = try await fleet.makeStanding(
                order(controller, rule: "one"), for: agent.id, by: Controller.admin)
            try await agent.connected { stream in
                let set = try await Self.next(stream, controller)
                #expect(set.version == 1 && set.orders.map(\.rule) == ["one"] && set.agent == agent.id)
                _ = try await fleet.makeStanding(order(controller, rule: "two"), for: agent.id, by: Controller.admin)
                let both = try await Self.next(stream, controller)
                #expect(both.version == 2 && Set(both.orders.map(\.rule)) == ["one", "two"])
                #expect(!fleet.holdsStanding(agent.id))
                #expect(fleet.reach(of: first) == .unsaid, "it was sent, and may be in force")
                stream.send(.with { $0.facts.standingVersion = 2 })
                _ = try await eventually("the host says that it holds them") {
                    fleet.holdsStanding(agent.id) ? true : nil
                }
                #expect(fleet.standingOrders().allSatisfy { fleet.reach(of: $0) == .confirmed })
                controller.clock.advance(by: .seconds(1))
                _ = try await fleet.withdrawStanding(first.id, by: Controller.admin)
                let reach = fleet.standingOrders().reduce(into: [:]) { $0[$1.order.rule] = fleet.reach(of: $1) }
                #expect(reach == ["one": .stillHeld, "two": .confirmed], "a later change takes back no other's word")
                let rest = try await Self.next(stream, controller)
                #expect(rest.version == 3 && rest.orders.map(\.rule) == ["two"])
                // One that lost what it held is sent it again.
                stream.send(.with { $0.facts.standingVersion = 0 })
                let again = try await Self.next(stream, controller)
                #expect(again.version == 3)
            }
            let again = try await fleet.withdrawStanding(first.id, by: Controller.admin)
            #expect(again.withdrawnAt != nil)
        }
        try await Controller.serve(in: scratch.path) { controller in
            let kept = controller.fleet.standingOrders()
            #expect(kept.count == 2 && kept.filter { $0.withdrawnAt != nil }.map(\.order.rule) == ["one"])
        }
    }
}
