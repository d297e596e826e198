import CordonModel
import CordonScan
import Testing

@testable import ControllerPlaybooks

/// Drives a machine by hand: a clock that stands still until it is told, and numbers that count up.
struct Bench {
    var machine: RunMachine
    var now = Timestamp(seconds: 1_700_000_000)
    var seed: UInt64 = 0
    var history: [RecordedEvent] = []
    /// All that was asked for.
    var asked: [RunCommand] = []

    static let run = RunID(UUIDv7(high: 7, low: 7))
    static let agent = AgentID(UUIDv7(high: 1, low: 1))

    init(_ document: JSONValue) { machine = RunMachine(playbook: Playbook(document: document), run: Self.run) }

    @discardableResult
    mutating func give(_ event: RunEvent) -> [RunCommand] {
        seed += 1
        let recorded = RecordedEvent(at: now, seed: seed, event: event)
        history.append(recorded)
        let commands = machine.handle(recorded)
        asked += commands
        return commands
    }

    mutating func start(_ inputs: [String: String] = [:]) { give(.started(inputs: inputs, caseID: nil, by: "ada")) }

    /// Answers everything that is asked of machines until only people and times are waited for.
    mutating func serve(orders: OrderState = .succeeded, status: Int = 200, body: String = "{}") {
        while let command = machine.outstanding.first(where: { if case .wake = $0 { false } else { true } }) {
            switch command {
            case .find(let effect, _): give(.hostFound(effect: effect, agent: Self.agent))
            case .submit(let order): give(.orderFinished(order: order.id, state: orders, message: "said so"))
            case .call(let call):
                give(.answered(effect: call.id, reply: HTTPReply(status: status, body: Array(body.utf8))))
            case .task, .wake, .note: return
            }
        }
    }

    mutating func decide(_ decision: TaskDecision) {
        guard let task = machine.openTasks.first else { return }
        give(.decided(task: task.id, decision: decision, by: "bob", reason: "because"))
    }

    /// Lets time go on to the earliest wake-up.
    mutating func wait() {
        let wakes = machine.outstanding.compactMap {
            if case .wake(let timer, let at) = $0 { (timer, at) } else { nil }
        }
        guard let (timer, at) = wakes.min(by: { $0.1 < $1.1 }) else { return }
        now = at
        give(.timerFired(timer: timer))
    }

    var orders: [OrderEffect] { asked.compactMap { if case .submit(let order) = $0 { order } else { nil } } }
    var calls: [HTTPEffect] { asked.compactMap { if case .call(let call) = $0 { call } else { nil } } }
    var notes: [String] { asked.compactMap { if case .note(let line) = $0 { line.kind } else { nil } } }
}

@Suite("Run machine")
struct MachineTests {
    @Test(
        "an action succeeds when its order did, and fails otherwise",
        arguments: [
            (OrderState.succeeded, RunState.succeeded), (.failed, .succeeded), (.refused, .succeeded),
            (.expired, .succeeded),
            (.unknown, .succeeded),
        ])
    func order(state: OrderState, expected: RunState) {
        var bench = Bench(Documents.oneAction([Documents.block]))
        bench.start()
        bench.serve(orders: state)
        #expect(bench.orders.count == 1 && bench.machine.state == expected)
        #expect(
            bench.notes.contains("step.failed") == (state != .succeeded), "a failure takes on_failure, which ends well")
    }

    @Test("with several targets each gets its order, and all must succeed")
    func targets() {
        var bench = Bench(Documents.oneAction([Documents.block], targets: [Documents.host, Documents.secondHost]))
        bench.start()
        for command in bench.machine.outstanding {
            if case .find(let effect, _) = command { bench.give(.hostFound(effect: effect, agent: Bench.agent)) }
        }
        #expect(Set(bench.orders.map(\.id)).count == 2)
        bench.give(.orderFinished(order: bench.orders[0].id, state: .succeeded, message: ""))
        #expect(!bench.machine.state.isFinal)
        bench.give(.orderFinished(order: bench.orders[1].id, state: .failed, message: "no"))
        #expect(bench.machine.state == .succeeded && bench.notes.contains("step.failed"))
    }

    @Test(
        "an approval goes the way of the answer, and without one the way of its rule",
        arguments: [
            ("approve", "deny", false), ("deny", "approve", true), ("late", "deny", true), ("late", "approve", false),
            ("late", "fail", true),
        ])
    func approval(answer: String, rule: String, fails: Bool) {
        let (command, extra) = Documents.manual(["kind": "approval", "due": 60_000, "on_timeout": .text(rule)])
        var bench = Bench(Documents.oneAction([command], targets: [], extra: extra))
        bench.start()
        #expect(bench.machine.state == .waiting && bench.machine.openTasks.count == 1)
        if answer == "late" { bench.wait() } else { bench.decide(answer == "approve" ? .approve : .deny) }
        #expect(bench.machine.state == .succeeded && bench.notes.contains("step.failed") == fails)
        #expect(bench.machine.openTasks.isEmpty)
    }

    @Test("a second answer to a task and a late answer of an order change nothing")
    func late() {
        let (command, extra) = Documents.manual()
        var bench = Bench(Documents.oneAction([command], targets: [], extra: extra))
        bench.start()
        guard let task = bench.machine.openTasks.first?.id else {
            Issue.record("no task")
            return
        }
        bench.decide(.deny)
        #expect(bench.give(.decided(task: task, decision: .approve, by: "eve", reason: "")).isEmpty)
        #expect(
            bench.give(.orderFinished(order: OrderID(UUIDv7(high: 1, low: 1)), state: .succeeded, message: "")).isEmpty)
    }

    @Test("parallel branches begin together, are all waited for, and one failure fails the step")
    func parallel() {
        let ids = (a: Documents.id("action", 3), b: Documents.id("action", 4), p: Documents.id("parallel", 2))
        var bench = Bench(
            Documents.playbook([
                Documents.start: ["type": "start", "on_completion": .text(ids.p)],
                ids.p: [
                    "type": "parallel", "next_steps": [.text(ids.a), .text(ids.b)], "on_success": .text(Documents.end),
                ],
                ids.a: Documents.action([Documents.block], success: Documents.id("end", 5)),
                ids.b: Documents.action(
                    [Documents.block], targets: [Documents.secondHost], success: Documents.id("end", 6)),
                Documents.id("end", 5): ["type": "end"], Documents.id("end", 6): ["type": "end"],
                Documents.end: ["type": "end"],
            ]))
        bench.start()
        for command in bench.machine.outstanding {
            if case .find(let effect, _) = command { bench.give(.hostFound(effect: effect, agent: Bench.agent)) }
        }
        #expect(bench.orders.count == 2)
        bench.give(.orderFinished(order: bench.orders[0].id, state: .failed, message: "no route"))
        #expect(!bench.machine.state.isFinal)
        bench.give(.orderFinished(order: bench.orders[1].id, state: .succeeded, message: ""))
        #expect(bench.machine.state == .failed && bench.machine.failure.contains("no route"))
    }

    @Test("a failure that nothing takes care of runs the exception step, and the run has failed")
    func exception() {
        let action = Documents.id("action", 2)
        var document = Documents.step(Documents.oneAction([Documents.block]), action, "on_failure", nil)
        document = Documents.set(document, "workflow_exception", .text(Documents.id("action", 3)))
        document = Documents.set(
            document, "workflow",
            Documents.set(document["workflow"] ?? [:], Documents.id("action", 3), Documents.action([Documents.block])))
        var bench = Bench(document)
        bench.start()
        guard case .find(let effect, _)? = bench.machine.outstanding.first else {
            Issue.record("no host is looked for")
            return
        }
        bench.give(.effectFailed(effect: effect, message: "no such host"))
        #expect(!bench.machine.state.isFinal && bench.notes.contains("run.exception"))
        bench.serve()
        #expect(
            bench.machine.state == .failed && bench.machine.failure.contains("no such host") && bench.orders.count == 1)
    }

    @Test("a step waits for its delay, and fails with ACTION_TIMEOUT after its timeout; a late result is ignored")
    func time() {
        var bench = Bench(Documents.oneAction([Documents.block], extra: ["delay": 5000, "timeout": 2000]))
        let begin = bench.now
        bench.start()
        #expect(bench.orders.isEmpty && !bench.machine.state.isFinal)
        bench.wait()
        #expect(bench.now == begin + .seconds(5))
        guard case .find(let effect, _)? = bench.machine.outstanding.first else {
            Issue.record("no host is looked for")
            return
        }
        bench.give(.hostFound(effect: effect, agent: Bench.agent))
        bench.wait()
        #expect(
            bench.now == begin + .seconds(7) && bench.machine.state == .succeeded && bench.notes.contains("step.failed")
        )
        #expect(bench.give(.orderFinished(order: bench.orders[0].id, state: .succeeded, message: "")).isEmpty)
    }

    @Test(
        "an HTTP call succeeds with 200 to 299, and its outputs become variables",
        arguments: [(204, false), (199, true), (302, true), (500, true)])
    func http(status: Int, fails: Bool) {
        let extra: JSONValue = [
            "out_args": ["__status__", "__ticket__"],
            "step_extensions": [CordonExtension.id: ["outputs": ["__status__": "status", "__ticket__": "body/id"]]],
        ]
        var bench = Bench(
            Documents.oneAction(
                [
                    [
                        "type": "http-api", "command": "POST /t/__q__:value HTTP/1.1",
                        "content": "{\"q\":\"__q__:value\"}",
                    ]
                ],
                targets: [Documents.server], extra: extra,
                variables: [
                    "__status__": ["type": "integer"], "__ticket__": ["type": "string"],
                    "__q__": ["type": "string", "value": "a/../b?c\"}"],
                ]))
        bench.start()
        #expect(bench.calls.first?.url == "https://tickets.example/t/a%2F%2E%2E%2Fb%3Fc%22%7D")
        #expect(bench.calls.first.map { String(decoding: $0.body, as: UTF8.self) } == "{\"q\":\"a/../b?c\\\"}\"}")
        bench.serve(status: status, body: "{\"id\":\"T-1\"}")
        #expect(bench.machine.state == .succeeded && bench.notes.contains("step.failed") == fails)
        #expect(bench.machine.variables["__ticket__"]?.value == (fails ? nil : "T-1"))
        #expect(bench.machine.variables["__status__"]?.value == (fails ? nil : String(status)))
    }

    @Test("constants stay, step variables hide the playbook's, and external ones come from outside")
    func scopes() {
        let (command, extra) = Documents.manual(text: "__a__:value __b__:value __c__:value")
        let more = Documents.set(extra, "step_variables", ["__b__": ["type": "string", "value": "own"]])
        var bench = Bench(
            Documents.oneAction(
                [command], targets: [], extra: more,
                variables: [
                    "__a__": ["type": "string", "value": "kept"], "__b__": ["type": "string", "value": "hidden"],
                    "__c__": ["type": "string", "external": true],
                ]))
        bench.start(["__a__": "changed", "__c__": "given"])
        #expect(bench.machine.openTasks.first?.text == "kept own given")
    }

    @Test("cancelling closes what waits for people and asks for nothing more")
    func cancel() {
        let (command, extra) = Documents.manual()
        var bench = Bench(Documents.oneAction([command], targets: [], extra: extra))
        bench.start()
        let commands = bench.give(.cancelled(by: "ada", reason: "false alarm"))
        #expect(
            bench.machine.state == .cancelled && bench.machine.openTasks.isEmpty && bench.machine.outstanding.isEmpty)
        #expect(commands.contains { if case .task(let task) = $0 { task.state == .cancelled } else { false } })
    }

    @Test("a cycle that slipped through ends at the limit of steps, and fails")
    func endless() {
        var bench = Bench(
            Documents.playbook([Documents.start: ["type": "start", "on_completion": .text(Documents.start)]]))
        bench.start()
        #expect(bench.machine.state == .failed && bench.machine.failure.contains("10000"))
    }

    @Test(
        "a hostile attacker address never becomes an order",
        arguments: ["203.0.113.7\"}", "203.0.113.7/24", "; rm -rf /", "::ffff:203.0.113.7", "localhost", ""])
    func hostile(value: String) {
        var bench = Bench(BuiltInPlaybooks.containSSHIntrusion)
        bench.start(["__host__": "00000000-0000-7000-8000-000000000001", "__attacker__": value, "__severity__": "high"])
        bench.serve()
        #expect(bench.orders.isEmpty && bench.machine.state == .succeeded)
    }
}
