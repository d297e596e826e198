import ControllerFleet
import ControllerStore
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import SwiftProtobuf
import Testing

@Suite("Hunts", .timeLimit(.minutes(2)))
struct HuntTests {
    let scratch = ScratchFolder()

    private func start(_ controller: Controller, scope: HuntScope = .all, rows: Int = 100) async throws -> HuntRecord {
        try await controller.fleet.startHunt(
            HuntQuestion(kind: .process, parameters: ["name": "nc*"]), of: scope, mostHosts: 5,
            budget: HuntBudget(rows: rows), lifetime: .seconds(3600), reason: "looking", by: Controller.admin)
    }

    private func question(_ stream: TestStream) async throws -> Cordon_V1_HuntQuestion {
        try await stream.next { if case .hunt(let question)? = $0.message { question } else { nil } }
    }

    @Test("a question reaches a host that is there, and what it finds is kept until the hunt is finished")
    func roundTrip() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let hunt = try await start(controller)
                let question = try await question(stream)
                #expect(question.id == hunt.id && question.question == hunt.question)
                #expect(question.budget.rows == 100)
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 0, rows: [["pid": "1"], ["pid": "2"]]) })
                stream.send(
                    .with { $0.hunt = .init(of: hunt.id, firstRow: 2, rows: [["pid": "3"]], end: .done) })
                let done = try await eventually("the hunt is finished") {
                    let hunt = try await controller.fleet.hunt(hunt.id)
                    return hunt.state == .finished ? hunt : nil
                }
                #expect(done.rows == 3 && done.progress == [.done: 1])
                let rows = try await controller.fleet.huntRows(hunt.id)
                #expect(rows.map { $0.values["pid"] } == ["1", "2", "3"] && rows.allSatisfy { $0.host == agent.id })
                let rest = try await controller.fleet.huntRows(hunt.id, after: rows[1].number)
                #expect(rest.map { $0.values["pid"] } == ["3"])
            }
        }
    }

    @Test("a host that was away is asked when it comes, and again when it left before it had answered to the end")
    func comesBack() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let hunt = try await start(controller)
            #expect(hunt.progress == [.waiting: 1])
            try await agent.connected { stream in
                _ = try await question(stream)
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 0, rows: [["pid": "1"]]) })
                _ = try await eventually("the row is there") {
                    try await controller.fleet.huntRows(hunt.id).first
                }
            }
            try await agent.connected { stream in
                _ = try await question(stream)
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 0, rows: [["pid": "9"]], end: .truncated) })
                _ = try await eventually("the hunt is finished") {
                    try await controller.fleet.hunt(hunt.id).state == .finished ? true : nil
                }
            }
            #expect(try await controller.fleet.huntRows(hunt.id).map { $0.values["pid"] } == ["9"])
        }
    }

    @Test("a hunt that is cancelled is told to the hosts that are at it, and takes nothing more")
    func cancel() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let hunt = try await start(controller)
                _ = try await question(stream)
                let over = try await controller.fleet.cancelHunt(hunt.id, by: Controller.admin)
                #expect(over.state == .cancelled && over.progress == [.cancelled: 1])
                let ended = try await stream.next {
                    if case .huntEnd(let end)? = $0.message { end.huntID } else { nil }
                }
                #expect(ended == Data(hunt.id.uuid.bytes))
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 0, rows: [["pid": "1"]], end: .done) })
                // An order goes the same way behind it: when it is answered, the rows were heard.
                let order = try await controller.fleet.submit(
                    controller.request(.isolate(Isolation(duration: .seconds(60))), of: agent), by: Controller.admin)
                _ = try await stream.order()
                try await stream.answer(order.id, .succeeded)
                #expect(try await controller.fleet.huntRows(hunt.id).isEmpty)
            }
        }
    }

    @Test("a hunt is forgotten, with its rows and a record, when it was over for as long as it is kept; others stay")
    func forgotten() async throws {
        var settings = FleetSettings()
        settings.huntRetention = .seconds(2 * 86_400)
        let clock = TestClock(standsStill: true)
        try await Controller.serve(in: scratch.path, settings: settings, clock: clock) { controller in
            let agent = try await controller.agent()
            let old = try await agent.connected { stream in
                let hunt = try await start(controller)
                _ = try await question(stream)
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 0, rows: [["pid": "1"]], end: .done) })
                return try await eventually("the hunt is finished") {
                    let hunt = try await controller.fleet.hunt(hunt.id)
                    return hunt.state == .finished ? hunt : nil
                }
            }
            let running = try await controller.fleet.startHunt(
                HuntQuestion(kind: .user, parameters: [:]), of: .all, mostHosts: 5, budget: HuntBudget(),
                lifetime: .seconds(7 * 86_400), reason: "looking", by: Controller.admin)
            clock.advance(by: .seconds(2 * 86_400 - 60))
            #expect(try await !controller.fleet.forgetHunts())
            #expect(try await controller.fleet.huntRows(old.id).count == 1)
            clock.advance(by: .seconds(120))
            #expect(try await !controller.fleet.forgetHunts())
            #expect(try await controller.fleet.hunts().map(\.id) == [running.id])
            #expect(try await controller.fleet.huntRows(old.id).isEmpty)
            let records = try await controller.audit.newest(before: nil, subject: "hunt:\(old.id)", limit: 10)
            #expect(records.map(\.entry.verb) == ["hunt.forgotten", "hunt.finished", "hunt.started"])
        }
    }

    @Test("rows beyond the budget, of hosts that were not asked, and out of turn are left out")
    func hostile() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let hunt = try await start(controller, rows: 2)
                _ = try await question(stream)
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 7, rows: [["pid": "7"]], end: .done) })
                let many = (0..<50).map { ["pid": "\($0)"] }
                stream.send(.with { $0.hunt = .init(of: hunt.id, firstRow: 0, rows: many, end: .done) })
                _ = try await eventually("the hunt is finished") {
                    try await controller.fleet.hunt(hunt.id).state == .finished ? true : nil
                }
                let rows = try await controller.fleet.huntRows(hunt.id)
                #expect(rows.map { $0.values["pid"] } == ["0", "1"])
            }
        }
    }

    @Test("what asks too many, nobody, or what cannot be asked is refused")
    func refused() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let error = await #expect(throws: FleetError.self) {
                _ = try await start(controller, scope: .group("none"))
            }
            #expect(error?.code == "hunt.invalid")
            await #expect(throws: FleetError.self) {
                try await controller.fleet.startHunt(
                    HuntQuestion(kind: .file, parameters: [:]), of: .all, mostHosts: 5, budget: HuntBudget(),
                    lifetime: .seconds(60), reason: "", by: Controller.admin)
            }
        }
    }

    @Test("how an agent is doing stands in its host's facts, and stays when the facts change")
    func health() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.send(
                    .with {
                        $0.health.memoryBytes = 9 << 20
                        $0.health.refused = 2
                        $0.health.abilities = ["journal"]
                    })
                stream.send(.with { $0.facts.hostname = "web-2" })
                let facts = try await eventually("the facts are there") {
                    let facts = try await controller.fleet.host(agent.id)?.facts
                    return facts?.hostname == "web-2" ? facts : nil
                }
                #expect(facts.health?.memoryBytes == 9 << 20 && facts.health?.refused == 2)
                #expect(facts.abilities == ["journal"])
            }
        }
    }
}
