import ControllerCases
import ControllerIntake
import ControllerStore
import CordonModel
import Synchronization
import Testing

@Suite("Alerts become cases")
struct GroupingTests {
    let desk: Desk

    init() throws { desk = try Desk() }

    @Test("the first alert opens a case that says why")
    func opens() async throws {
        let intake = desk.intake()
        let receipt = try await intake.take(desk.alert(title: "Brute force on web"), from: desk.agent)
        let record = try #require(try await intake.alert(receipt.alerts[0]))
        let id = try #require(record.caseID)
        let file = try await desk.book().file(id)
        #expect(
            file.label == "C-1" && file.title == "Brute force on web" && file.severity == .medium && file.status == .new
        )
        #expect(file.hosts == [desk.agent] && file.alerts.map(\.id) == receipt.alerts)
        #expect(file.observables.map(\.observable.value) == ["203.0.113.7"])
        #expect(record.caseNumber == 1)
        #expect(record.explanation.contains("203.0.113.7"))
        #expect(desk.opened.withLock { $0.map(\.id) } == [id])
        #expect(try await desk.verbs() == ["alert.raised", "case.opened", "case.alert"])
    }

    @Test("reports with one key within the window are one alert: counted, the highest severity, the times spread")
    func merged() async throws {
        let intake = desk.intake()
        let first = desk.alert()
        let receipt = try await intake.take(first, from: desk.agent)
        desk.advance(.seconds(3500))
        var second = desk.alert(severity: .high)
        second.observables.append(Observable(kind: .user, value: "root"))
        #expect(try await intake.take(second, from: desk.agent).alerts == receipt.alerts)
        let record = try #require(try await intake.alert(first.id))
        #expect(record.alert.count == 10 && record.reports == 2 && record.alert.severity == .high)
        #expect(record.alert.firstSeen == first.firstSeen && record.alert.lastSeen == second.lastSeen)
        #expect(record.explanation.contains("2 reports"))
        #expect(try await intake.alerts().count == 1)
        let file = try await desk.book().file(try #require(record.caseID))
        #expect(file.severity == .high)
        #expect(file.observables.map(\.observable.value).sorted() == ["203.0.113.7", "root"])
    }

    @Test("beyond the window, with another key, or of another host, it is another alert")
    func notMerged() async throws {
        let intake = desk.intake()
        _ = try await intake.take(desk.alert(), from: desk.agent)
        desk.advance(.seconds(3601))
        _ = try await intake.take(desk.alert(), from: desk.agent)
        _ = try await intake.take(desk.alert(key: "other"), from: desk.agent)
        _ = try await intake.ingest(
            ShippedBatch(
                epoch: [UInt8](repeating: 2, count: 16), firstSequence: 1, items: [.telemetry(.alert(desk.alert()))]),
            from: AgentID(UUIDv7(high: 2, low: 2))
        )
        #expect(try await intake.alerts().count == 4)
    }

    @Test("an alert with a known identifier is that alert again, not counted twice")
    func sameReport() async throws {
        let intake = desk.intake()
        var alert = desk.alert()
        _ = try await intake.take(alert, from: desk.agent)
        alert.count = 8
        _ = try await intake.take(alert, from: desk.agent)
        #expect(try await intake.alert(alert.id)?.alert.count == 8)
    }

    @Test("an alert with an identifier of another agent's is kept aside")
    func stolenIdentifier() async throws {
        let intake = desk.intake()
        let alert = desk.alert()
        _ = try await intake.take(alert, from: desk.agent)
        let thief = AgentID(UUIDv7(high: 9, low: 9))
        let receipt = try await intake.ingest(
            ShippedBatch(epoch: [UInt8](repeating: 3, count: 16), firstSequence: 1, items: [.telemetry(.alert(alert))]),
            from: thief
        )
        #expect(receipt.aside == 1 && receipt.alerts.isEmpty)
        #expect(try await intake.alert(alert.id)?.alert.agent == desk.agent)
    }

    @Test("an agent whose clock is ahead cannot make an alert that swallows later ones")
    func clockAhead() async throws {
        let intake = desk.intake()
        var future = desk.alert()
        future.lastSeen = Timestamp(microseconds: .max)
        _ = try await intake.take(future, from: desk.agent)
        desk.advance(.seconds(7200))
        _ = try await intake.take(desk.alert(), from: desk.agent)
        #expect(try await intake.alerts().count == 2)
    }

    @Test("an alert with the same host and address joins the case, raises its severity and says why")
    func joins() async throws {
        let intake = desk.intake()
        _ = try await intake.take(desk.alert(), from: desk.agent)
        desk.advance(.seconds(7200))
        let success = desk.alert("cordon.sshd.success", severity: .critical)
        _ = try await intake.take(success, from: desk.agent)
        let record = try #require(try await intake.alert(success.id))
        #expect(record.caseNumber == 1)
        #expect(record.explanation.contains("Joined") && record.explanation.contains("203.0.113.7"))
        let file = try await desk.book().file(named: "C-1")
        #expect(file.alerts.count == 2 && file.severity == .critical)
        #expect(try await desk.book().cases().count == 1)
    }

    @Test(
        "no address shared, none that tells parties apart, another host, or too long ago: a case of its own",
        arguments: [
            ("198.51.100.1", false, 0), (nil, false, 0), ("127.0.0.1", false, 0), ("203.0.113.7", true, 0),
            ("203.0.113.7", false, 90_000),
        ] as [(String?, Bool, Int)])
    func doesNotJoin(address: String?, otherHost: Bool, later: Int) async throws {
        let intake = desk.intake()
        var first = desk.alert()
        first.observables += ["127.0.0.1", "::1", "fe80::1", "0.0.0.0"].compactMap { IPAddress($0) }.map {
            Observable($0)
        }
        _ = try await intake.take(first, from: desk.agent)
        desk.advance(.seconds(later))
        let host = otherHost ? AgentID(UUIDv7(high: 2, low: 2)) : desk.agent
        let second = ShippedBatch(
            epoch: [UInt8](repeating: 2, count: 16), firstSequence: 1,
            items: [.telemetry(.alert(desk.alert("other", from: address)))]
        )
        _ = try await intake.ingest(second, from: host)
        #expect(try await desk.book().cases().count == 2)
    }

    @Test("alerts that came at once from many connections open one case")
    func concurrent() async throws {
        let intake = desk.intake()
        try await withThrowingTaskGroup(of: Void.self) { [desk] group in
            for index in 0..<12 {
                let alert = desk.alert("rule.\(index)")
                let batch = ShippedBatch(
                    epoch: [UInt8](repeating: UInt8(index), count: 16), firstSequence: 1,
                    items: [.telemetry(.alert(alert))]
                )
                group.addTask { _ = try await intake.ingest(batch, from: desk.agent) }
            }
            try await group.waitForAll()
        }
        await intake.resume()
        let cases = try await desk.book().cases()
        #expect(cases.count == 1)
        #expect(cases.first?.alertCount == 12)
        #expect(try await desk.verify().fault == nil)
    }

    @Test("an alert of a case that is over is a new alert and opens a new case")
    func closedCase() async throws {
        let intake = desk.intake()
        _ = try await intake.take(desk.alert(), from: desk.agent)
        let book = desk.book()
        let first = try await book.file(named: "1")
        try await book.setStatus(.closed, of: first.id, by: Desk.ada)
        _ = try await intake.take(desk.alert(), from: desk.agent)
        #expect(try await intake.alerts().count == 2)
        #expect(try await book.cases().map(\.number) == [2, 1])
    }

    @Test("an informational alert opens no case, but joins one")
    func informational() async throws {
        let intake = desk.intake()
        let alone = desk.alert("info", severity: .informational)
        _ = try await intake.take(alone, from: desk.agent)
        #expect(try await desk.book().cases().isEmpty)
        #expect(try await intake.alert(alone.id)?.explanation.contains("In no case") == true)
        _ = try await intake.take(desk.alert(), from: desk.agent)
        let second = desk.alert("info.2", severity: .informational)
        _ = try await intake.take(second, from: desk.agent)
        #expect(try await intake.alert(second.id)?.caseNumber == 1)
        // The first one grows severe: now it must be looked at.
        _ = try await intake.take(desk.alert("info", severity: .high), from: desk.agent)
        #expect(try await intake.alert(alone.id)?.caseNumber == 1)
    }

    @Test("an alert whose case could not be opened when the controller stopped gets it at the next start, once")
    func crash() async throws {
        let alert = desk.alert()
        let intake = desk.intake(Broken())
        #expect(try await intake.take(alert, from: desk.agent).accepted == 1)
        #expect(try await intake.alert(alert.id)?.caseID == nil)
        #expect(try await intake.alert(alert.id)?.explanation.contains("Waits") == true)
        try desk.database.close()
        let next = try Desk(after: desk)
        let restarted = next.intake()
        await restarted.resume()
        await restarted.resume()
        #expect(try await restarted.alert(alert.id)?.caseNumber == 1)
        #expect(try await next.book().cases().count == 1)
    }

    @Test("a stop between the opening of a case and the word of it opens no second case")
    func crashInBetween() async throws {
        let book = desk.book()
        let alert = desk.alert()
        let first = try await book.open(for: alert, because: "x")
        #expect(try await book.open(for: alert, because: "x") == first)
        #expect(try await book.join(first, alert: alert, because: "x"))
        #expect(try await book.file(first).entryCount == 1)
        #expect(desk.opened.withLock { $0.count } == 1)
    }

    @Test("an alert beyond its limits is cut, its whole kept aside")
    func beyondLimits() async throws {
        var alert = desk.alert(title: String(repeating: "é", count: 400))
        alert.observables += (0..<150).map { Observable(kind: .user, value: "user\($0)") }
        alert.evidence = (0..<30).map { Event(timestamp: desk.now, created: desk.now, original: "line \($0)") }
        alert.count = -5
        let intake = desk.intake()
        let receipt = try await intake.take(alert, from: desk.agent)
        #expect(receipt.aside == 1)
        let kept = try #require(try await intake.alert(alert.id)?.alert)
        #expect(
            kept.title.utf8.count == 500 && kept.observables.count == 100 && kept.evidence.count == 20
                && kept.count == 1)
        let whole = try #require(try await intake.aside().first)
        #expect(whole.reason.contains("800 bytes") && whole.reason.contains("151 observables"))
        #expect(String(decoding: whole.bytes, as: UTF8.self).contains("line 29"))
    }

    @Test("alerts are found by host, severity, time and case, a page at a time")
    func filters() async throws {
        let intake = desk.intake()
        for index in 0..<5 {
            _ = try await intake.take(desk.alert("rule.\(index)", severity: index < 3 ? .low : .high), from: desk.agent)
            desk.advance(.seconds(10))
        }
        func rules(_ filter: AlertFilter) async throws -> [String] {
            try await intake.alerts(filter).map(\.alert.rule.id)
        }
        #expect(try await rules(AlertFilter(severity: .high)) == ["rule.4", "rule.3"])
        #expect(try await rules(AlertFilter(host: AgentID(UUIDv7(high: 5, low: 5)))).isEmpty)
        let page = try await intake.alerts(AlertFilter(host: desk.agent, limit: 2))
        #expect(page.map(\.alert.rule.id) == ["rule.4", "rule.3"])
        #expect(try await rules(AlertFilter(before: page.last?.updatedAt, limit: 2)) == ["rule.2", "rule.1"])
        #expect(try await rules(AlertFilter(since: page.last?.updatedAt)).count == 2)
        #expect(try await rules(AlertFilter(caseID: page[0].caseID)).count == 5)
    }
}

/// Cases that cannot be opened.
private struct Broken: CaseOpening {
    func open(for alert: Alert, because reason: String) async throws -> CaseID { throw CancellationError() }
    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool { throw CancellationError() }
    func recurred(_ alert: Alert, in id: CaseID) async throws { throw CancellationError() }
}
