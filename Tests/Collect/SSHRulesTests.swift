import AgentDetect
import CordonModel
import Testing

@Suite("The edge rules about sshd")
struct SSHRulesTests {
    private func event(
        at second: Int64, _ outcome: String = "failure", from address: String = "192.0.2.7", user: String = "root",
        method: String? = "password", pid: Int64 = 1, repeats: Int64? = nil
    ) -> Event {
        var event = Event(
            timestamp: Timestamp(seconds: 1_000_000 + second), created: Timestamp(seconds: 2_000_000),
            original: "line \(second)")
        event.fields[.eventAction] = .text("ssh_login")
        event.fields[.eventOutcome] = .text(outcome)
        event.fields[.sourceIP] = .text(address)
        event.fields[.userName] = .text(user)
        event.fields[.sshMethod] = method.map { .text($0) }
        event.fields[.processPID] = .number(pid)
        event.fields[.messageRepeats] = repeats.map { .number($0) }
        return event
    }

    private func alerts(_ events: [Event], _ settings: SSHRules.Settings = .init()) -> [Alert] {
        var rules = SSHRules(settings: settings, surroundings: surroundings)
        return events.flatMap { rules.inspect($0) }
    }

    @Test(
        "eight failures within two minutes raise one alert, seven or slower ones none",
        arguments: [(8, 10, 1), (7, 10, 0), (8, 18, 0), (8, 17, 1)])
    func threshold(count: Int, pace: Int, expected: Int) {
        let raised = alerts((0..<count).map { event(at: Int64($0 * pace), user: "user \($0)") })
        #expect(raised.count == expected)
        #expect(raised.allSatisfy { $0.rule == SSHRules.bruteforce && $0.severity == .medium && $0.count == 8 })
        #expect(raised.allSatisfy { $0.deduplicationKey == "cordon.sshd.bruteforce|192.0.2.7" })
        #expect(raised.allSatisfy { $0.observables.first == Observable(.v4(0xC000_0207)) && $0.observables.count == 9 })
        #expect(raised.allSatisfy { $0.evidence.first?.original == "line 0" && $0.evidence.count == 5 })
    }

    @Test("going on raises it again only when it has doubled")
    func growth() {
        let raised = alerts((0..<100).map { event(at: Int64($0)) })
        #expect(raised.map(\.count) == [8, 16, 32, 64])
    }

    @Test("a quiet window starts it over")
    func quiet() {
        let events = (0..<8).map { event(at: Int64($0)) } + (0..<8).map { event(at: 1000 + Int64($0)) }
        #expect(alerts(events).map(\.count) == [8, 8])
    }

    @Test("addresses are counted each for itself")
    func addresses() {
        let events = (0..<14).map { event(at: Int64($0), from: "192.0.2.\($0 % 2)") }
        #expect(alerts(events).isEmpty)
    }

    @Test(
        "a logon after three failures is critical, after two it is not, and after the window it is not",
        arguments: [(3, 10, 1), (2, 10, 0), (3, 200, 0)])
    func intrusion(failures: Int, later: Int, expected: Int) {
        let events =
            (0..<failures).map { event(at: Int64($0), user: "root") } + [
                event(at: Int64(failures + later), "success", user: "bob")
            ]
        let raised = alerts(events)
        #expect(raised.count == expected)
        #expect(raised.allSatisfy { $0.rule == SSHRules.loginAfterFailures && $0.severity == .critical })
        #expect(
            raised.allSatisfy {
                $0.observables == [Observable(.v4(0xC000_0207)), Observable(kind: .user, value: "bob")]
            })
        #expect(raised.allSatisfy { $0.evidence.last?.text(.eventOutcome) == "success" })
    }

    @Test("a second logon needs failures of its own")
    func once() {
        let events = (0..<3).map { event(at: Int64($0)) } + [event(at: 5, "success"), event(at: 6, "success")]
        #expect(alerts(events).count == 1)
    }

    @Test("public keys do not count; a connection that ends counts once for its process; folded repeats count as many")
    func weights() {
        #expect(alerts((0..<20).map { event(at: Int64($0), method: "publickey") }).isEmpty)
        let closed = (0..<8).flatMap { number in
            [event(at: Int64(number), pid: Int64(number)), event(at: Int64(number), method: nil, pid: Int64(number))]
        }
        #expect(alerts(Array(closed.prefix(14))).isEmpty)
        #expect(alerts(closed).map(\.count) == [8])
        #expect(alerts((0..<8).map { event(at: Int64($0), method: nil, pid: Int64($0)) }).map(\.count) == [8])
        #expect(alerts([event(at: 0), event(at: 1, repeats: 7)]).map(\.count) == [8])
    }

    @Test("memory is bounded: a flood of addresses pushes the oldest out")
    func bounded() {
        var rules = SSHRules(settings: .init(sources: 100), surroundings: surroundings)
        for number in 0..<10_000 {
            _ = rules.inspect(event(at: Int64(number / 100), from: "10.0.\(number / 256).\(number % 256)"))
            #expect(rules.remembered <= 100)
        }
    }

    @Test("a clock that is set back neither ends a run nor raises an alert of its own")
    func clock() {
        let raised = alerts([event(at: 500)] + (0..<7).map { event(at: Int64($0)) } + [event(at: 501)])
        #expect(raised.map(\.count) == [8])
    }
}
