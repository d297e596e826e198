import ControllerFleet
import ControllerStore
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import Testing

@Suite("Orders", .timeLimit(.minutes(2)))
struct OrderTests {
    let scratch = ScratchFolder()
    private let isolation = Action.isolate(Isolation(duration: .seconds(60)))

    @Test("an order goes out signed, and each step back is written down until it has succeeded")
    func roundTrip() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let submitted = try await controller.fleet.submit(
                    controller.request(isolation, of: agent), by: Controller.admin)
                let (order, signed) = try await stream.order()
                #expect(order == submitted.order)
                #expect(order.agent == agent.id)
                #expect(order.requestedBy == "ada")
                let envelope = OrderEnvelope(
                    order: Array(signed.order), keyID: Array(signed.keyID), signature: Array(signed.signature))
                #expect(envelope.isSigned(byOneOf: [controller.keys.orderKey.verifyingKey]))
                stream.progress(order.id, .received)
                stream.progress(order.id, .running)
                try await stream.answer(order.id, .succeeded)
                let done = try await controller.order(order.id, becomes: .succeeded)
                #expect(done.result?.message == "done")
                #expect(done.result?.proof?.applied == ["table inet cordon_isolation"])
                let told = try await eventually("the hook hears of all") {
                    let states = controller.heard.orders.map(\.state)
                    return states.last == .succeeded ? states : nil
                }
                #expect(told == [.queued, .leased, .received, .running, .succeeded])
            }
        }
    }

    @Test("the agent is sent the keys of orders, signed by the policy root, before any order")
    func sendsKeys() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let signed = try await stream.next { if case .keySet(let set)? = $0.message { set } else { nil } }
                let envelope = KeySetEnvelope(keySet: Array(signed.keySet), signature: Array(signed.signature))
                #expect(envelope.isSigned(by: controller.keys.policyRoot))
            }
        }
    }

    @Test("an order whose stream ended before it was received goes out again, byte for byte")
    func redelivers() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let (id, first) = try await agent.connected { stream in
                let order = try await controller.fleet.submit(
                    controller.request(isolation, of: agent), by: Controller.admin)
                return (order.id, try await stream.order().signed)
            }
            _ = try await controller.order(id, becomes: .queued)
            try await agent.connected { stream in
                let (order, again) = try await stream.order()
                #expect(order.id == id)
                #expect(again == first)
                try await stream.answer(id, .refused(rule: "never_isolate"))
                #expect(try await controller.order(id, becomes: .refused).attempts == 2)
            }
        }
    }

    @Test(
        "an order for a host that is offline says since when and until when it waits, and goes out when the host comes")
    func waits() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let waiting = try await controller.fleet.submit(
                controller.request(isolation, of: agent), by: Controller.admin)
            #expect(waiting.state == .queued)
            #expect(waiting.note.contains("offline"))
            #expect(waiting.note.contains("waits until \(waiting.order.expiresAt)"))
            try await agent.connected { stream in
                #expect(try await stream.order().order.id == waiting.id)
                try await stream.answer(waiting.id, .succeeded)
            }
        }
    }

    @Test(
        "time ends an order: expired where the host never came, unknown where it had it and did not answer; a late answer still counts"
    )
    func expires() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let (absent, present) = (try await controller.agent(machine: "a"), try await controller.agent(machine: "b"))
            let never = try await controller.fleet.submit(
                controller.request(isolation, of: absent, lifetime: .seconds(60)), by: Controller.admin)
            try await present.connected { stream in
                let silent = try await controller.fleet.submit(
                    controller.request(isolation, of: present, lifetime: .seconds(60)), by: Controller.admin)
                stream.progress(try await stream.order().order.id, .received)
                _ = try await controller.order(silent.id, becomes: .received)
                controller.clock.advance(by: .seconds(200))
                _ = try await controller.order(never.id, becomes: .expired)
                _ = try await controller.order(silent.id, becomes: .unknown)
                try await stream.answer(silent.id, .succeeded)
                _ = try await controller.order(silent.id, becomes: .succeeded)
            }
        }
    }

    @Test("what ends an effect marks the order that began it as reverted")
    func reverts() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let network = try #require(Network("192.0.2.7"))
            try await agent.connected { stream in
                var ids: [OrderID] = []
                let block = AddressBlock(network: network, duration: .seconds(60))
                for action in [isolation, .blockAddress(block), .unblockAddress(network), .release] {
                    let order = try await controller.fleet.submit(
                        controller.request(action, of: agent), by: Controller.admin)
                    _ = try await stream.order()
                    try await stream.answer(order.id, .succeeded)
                    ids.append(order.id)
                }
                #expect(try await controller.order(ids[0], becomes: .reverted).revertedBy == ids[3])
                #expect(try await controller.order(ids[1], becomes: .reverted).revertedBy == ids[2])
                _ = try await controller.order(ids[3], becomes: .succeeded)
            }
        }
    }

    @Test("an undo is ordered once of what may be in force, and not of what is over: that would end what another began")
    func undoes() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let refused = try await controller.fleet.submit(
                    controller.request(isolation, of: agent), by: Controller.admin)
                _ = try await stream.order()
                try await stream.answer(refused.id, .refused(rule: "never_isolate"))
                _ = try await controller.order(refused.id, becomes: .refused)
                let done = try await controller.fleet.submit(
                    controller.request(isolation, of: agent), by: Controller.admin)
                _ = try await stream.order()
                try await stream.answer(done.id, .succeeded)
                _ = try await controller.order(done.id, becomes: .succeeded)
                let number = controller.clock.surroundings.identifier() as OrderID
                let undo = try await controller.fleet.undo(of: done.id, as: number, reason: "x", by: Controller.admin)
                #expect(undo.id == number && undo.order.action == .release)
                _ = try await stream.order()
                try await stream.answer(number, .succeeded)
                _ = try await controller.order(done.id, becomes: .reverted)
                let again = try await controller.fleet.undo(of: done.id, as: number, reason: "x", by: Controller.admin)
                #expect(again.id == number)
                for over in [refused.id, done.id] {
                    let error = await #expect(throws: FleetError.self) {
                        try await controller.fleet.undo(
                            of: over, as: controller.clock.surroundings.identifier(), reason: "x", by: Controller.admin)
                    }
                    #expect(error?.code == "order.no_undo")
                }
            }
        }
    }

    @Test("the same request is the same order, a result counts once, and another's result not at all")
    func isIdempotent() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let (agent, other) = (try await controller.agent(machine: "a"), try await controller.agent(machine: "b"))
            let request = controller.request(isolation, of: agent)
            let order = try await controller.fleet.submit(request, by: Controller.admin)
            #expect(try await controller.fleet.submit(request, by: Controller.admin).order == order.order)
            try await other.connected { try await $0.answer(order.id, .succeeded) }
            #expect(try await controller.fleet.order(order.id)?.state == .queued)
            try await agent.connected { stream in
                _ = try await stream.order()
                try await stream.answer(order.id, .failed(code: "netlink"))
                try await stream.answer(order.id, .succeeded, message: "again")
            }
            let stored = try #require(try await controller.fleet.order(order.id))
            #expect(stored.state == .failed)
            #expect(stored.result?.message == "done")
            let changed = OrderRequest(id: request.id, agent: agent.id, action: .release, reason: "other")
            await #expect(throws: FleetError.orderConflict(order.id)) {
                _ = try await controller.fleet.submit(changed, by: Controller.admin)
            }
        }
    }

    @Test("orders that were on their way when the controller ended go out again from the next one")
    func survivesRestart() async throws {
        let (agent, id) = try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let order = try await controller.fleet.submit(
                controller.request(isolation, of: agent), by: Controller.admin)
            return (agent, order.id)
        }
        try await Controller.serve(in: scratch.path) { controller in
            var agent = agent
            agent.port = controller.port
            try await agent.connected { stream in
                #expect(try await stream.order().order.id == id)
                try await stream.answer(id, .succeeded)
            }
            #expect(try await controller.fleet.orders(OrderFilter(states: [.succeeded])).map(\.id) == [id])
        }
    }

    @Test("an order to twenty hosts at once reaches each of them")
    func broadcasts() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            var agents: [TestAgent] = []
            for index in 0..<20 { agents.append(try await controller.agent(machine: "m\(index)")) }
            try await withThrowingTaskGroup { group in
                for agent in agents {
                    group.addTask {
                        try await agent.connected { stream in
                            let id = try await stream.order().order.id
                            try await stream.answer(id, .succeeded)
                        }
                    }
                }
                for agent in agents { try await controller.host(agent.id, isOnline: true) }
                let orders = try await controller.fleet.submit(
                    agents.map { controller.request(isolation, of: $0) }, by: Controller.admin)
                for order in orders { _ = try await controller.order(order.id, becomes: .succeeded) }
                try await group.waitForAll()
            }
        }
    }

    @Test("an order that the enforcer would not understand, or for a host that is not there, is refused at once")
    func refuses() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let target = ProcessTarget(pid: 1, startTime: 1, executable: "/sbin/init", scope: .process)
            let bad = [
                controller.request(.killProcess(target), of: agent),
                controller.request(.isolate(Isolation(duration: .zero)), of: agent),
                controller.request(.release, of: agent, lifetime: .seconds(60 * 86_400)),
            ]
            for request in bad {
                let error = await #expect(throws: FleetError.self) {
                    _ = try await controller.fleet.submit(request, by: Controller.admin)
                }
                #expect(error?.code == "order.invalid")
            }
            #expect(try await controller.fleet.orders(OrderFilter()).isEmpty)
        }
    }

    @Test("an order that no agent has leased is withdrawn and never sent; one that an agent has stays with it")
    func withdrawn() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let waiting = try await controller.fleet.submit(
                controller.request(.isolate(Isolation(duration: .seconds(60))), of: agent), by: Controller.admin)
            let over = try await controller.fleet.withdraw(
                waiting.id, because: "ada cancelled the run.", by: Controller.admin)
            #expect(over?.state == .expired && over?.note == "Withdrawn: ada cancelled the run.")
            try await agent.connected { stream in
                let sent = try await controller.fleet.submit(
                    controller.request(.release, of: agent), by: Controller.admin)
                #expect(try await stream.order().order.id == sent.id)
                let kept = try await controller.fleet.withdraw(sent.id, because: "no", by: Controller.admin)
                #expect(kept?.state == .leased)
                try await stream.answer(sent.id, .succeeded)
                let done = try await controller.fleet.withdraw(sent.id, because: "no", by: Controller.admin)
                #expect(done?.state == .succeeded)
            }
            let records = try await controller.audit.newest(before: nil, subject: "order:\(waiting.id)", limit: 10)
            #expect(records.map(\.entry.verb) == ["order.expired", "order.queued"])
            #expect(records.first?.entry.actor == Controller.admin.name)
        }
    }

    @Test("the audit chain says what was ordered and for how long, not only its kind")
    func auditSaysWhat() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let sinkhole = DomainSinkhole(domain: try #require(DomainName("bad.example")), duration: .seconds(3600))
            let order = try await controller.fleet.submit(
                controller.request(.sinkholeDomain(sinkhole), of: agent), by: Controller.admin)
            let records = try await controller.audit.newest(before: nil, subject: "order:\(order.id)", limit: 10)
            #expect(records.last?.entry.details["ordered"] == "sinkhole bad.example and all below it for 1h")
        }
    }
}
