import CordonModel
import CordonOrders
import CordonScan
import FoundationEssentials
import Testing

@testable import ControllerPlaybooks

@Suite("Built-in playbooks and the library")
struct BuiltInTests {
    static func bench(attacker: String = "203.0.113.7", severity: String) -> Bench {
        var bench = Bench(BuiltInPlaybooks.containSSHIntrusion)
        bench.start([
            "__host__": "00000000-0000-7000-8000-000000000001", "__hostname__": "web01", "__attacker__": attacker,
            "__severity__": severity,
        ])
        bench.serve()
        return bench
    }

    @Test("those shipped have no fault and no warning", arguments: PlaybookLibrary.builtIn.map(\.id))
    func clean(id: String) throws {
        let entry = try #require(PlaybookLibrary.builtIn.first { $0.id == id })
        #expect(
            entry.report.isValid && entry.report.warnings.isEmpty, "\(entry.report.faults) \(entry.report.warnings)")
        #expect(try JSONValue.parse(entry.bytes) == entry.report.playbook?.document)
    }

    @Test("an SSH intrusion is blocked by the family of its address", arguments: ["203.0.113.7", "2001:db8::7"])
    func blocks(address: String) {
        let bench = Self.bench(attacker: address, severity: "high")
        let network = Network(address).map { Action.blockAddress(AddressBlock(network: $0, duration: .seconds(3600))) }
        #expect(bench.orders.map(\.action) == [network] && bench.machine.state == .succeeded)
    }

    @Test(
        "a critical one asks first, and isolates only when a person says yes", arguments: ["approve", "deny", "late"])
    func critical(answer: String) {
        var bench = Self.bench(severity: "critical")
        #expect(
            bench.machine.openTasks.first?.text == "Isolate web01?" && bench.machine.openTasks.first?.role == .responder
        )
        if answer == "late" { bench.wait() } else { bench.decide(answer == "approve" ? .approve : .deny) }
        bench.serve()
        let isolated = bench.orders.contains { $0.action == .isolate(Isolation(duration: .seconds(14_400))) }
        #expect(isolated == (answer == "approve") && bench.machine.state == .succeeded)
    }

    @Test("the outline tells every step")
    func outline() throws {
        let playbook = try #require(PlaybookLibrary.builtIn.first?.report.playbook)
        let text = PlaybookOutline.text(playbook)
        for step in playbook.steps.values where step.kind == .action { #expect(text.contains(step.name)) }
        #expect(text.contains("approval by responder within 30 min, else deny"))
    }

    @Test("the library keeps what is valid, lists what is not with its faults, and refuses older versions")
    func library() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "cordon-library-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let library = PlaybookLibrary(folder: folder.path)
        #expect(try await library.list().count == PlaybookLibrary.builtIn.count)
        let document = Documents.oneAction([Documents.block])
        let added = try await library.add(document.bytes())
        #expect(try await library.entry(added.id)?.name == "Test")
        let older = Documents.set(document, "modified", "2025-01-01T00:00:00.000Z")
        await #expect(throws: PlaybooksError.self) { try await library.add(older.bytes()) }
        await #expect(throws: PlaybooksError.self) { try await library.add(Array("{}".utf8)) }
        let newer = Documents.set(document, "modified", "2026-02-01T00:00:00.000Z")
        let corrected = Documents.set(newer, "name", "Other")
        _ = try await library.add(newer.bytes())
        _ = try await library.add(corrected.bytes())
        _ = try await library.add(corrected.bytes())
        #expect(try await library.entry(added.id)?.name == "Other")
        let versions = folder.appending(path: "versions/\(added.id)")
        let kept = ["20260101T000000000Z.json", "20260201T000000000Z.json"]
        #expect(try FileManager.default.contentsOfDirectory(atPath: versions.path).sorted() == kept)
        #expect(try Data(contentsOf: versions.appending(path: kept[0])) == Data(document.bytes()))
        let ours = try await library.list().filter { $0.id == added.id }
        #expect(ours.count == 1, "old versions are kept, not listed")
        try Data("{\"name\":1}".utf8).write(to: folder.appending(path: "broken.json"))
        let broken = try await library.list().first { $0.id == "broken.json" }
        #expect(broken?.report.isValid == false)
    }

    @Test("a playbook of tomorrow is refused: nothing could ever replace it")
    func future() async throws {
        let library = PlaybookLibrary(folder: "/nonexistent")
        let document = Documents.oneAction([Documents.block])
        let now = try #require(Timestamp(rfc3339: "2026-01-01T12:00:00Z"))
        try await library.check(PlaybookValidator.validate(document.bytes()), at: now)
        for modified in ["2026-01-01T13:00:00.000Z", "9999-12-31T23:59:59.999Z"] {
            let ahead = PlaybookValidator.validate(Documents.set(document, "modified", .text(modified)).bytes())
            try #require(ahead.isValid, "\(ahead.faults)")
            await #expect {
                try await library.check(ahead, at: now)
            } throws: { ($0 as? PlaybooksError)?.code == "playbook.future" }
        }
    }
}
