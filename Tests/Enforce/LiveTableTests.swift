import CordonModel
import CordonOrders
import CordonScan
import Testing

@testable import AgentEnforce

/// One table of a real host, told by the real enforcer.
@Suite("Live tables", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct LiveTableTests {
    private let lab: Lab
    private let ground: TriageGround
    private let fleet: Enrolled

    init() throws {
        lab = try Lab()
        ground = try TriageGround(lab)
        fleet = try Enrolled(lab.scratch)
    }

    /// What is said of the table, and its rows.
    private func look(
        _ enforcer: EnforcerProcess, _ name: LiveTable.Name, _ field: String? = nil, _ value: String = "",
        mostRows: Int64 = LiveTable.usualRows
    ) throws -> (head: JSONValue, rows: [JSONValue], result: OrderResult) {
        let condition = field.map { LiveTable.Condition(field: $0, value: value) }
        let order = fleet.order(
            .liveTable(LiveTable(name: name, condition: condition, mostRows: mostRows, patience: .seconds(100))))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.evidence?.name == "\(name.rawValue).ndjson")
        #expect(result.proof?.probes.map(\.name) == ["evidence_kept"])
        let bytes = try #require(TextFile.bytes("\(lab.scratch.path)/state/evidence/\(order.id)", limit: 16 << 20))
        let lines = try bytes.split(separator: 0x0A).map { try JSONValue.parse(Array($0)) }
        let head = try #require(lines.first)
        #expect(head["rows"]?.integer == Int64(lines.count - 1))
        return (head, Array(lines.dropFirst()), result)
    }

    @Test("a table has the rows that are wanted, and says whether they are all")
    func rows() throws {
        let enforcer = try ground.enforcer(fleet)
        let implant = try ground.implant()
        let (head, processes, _) = try look(enforcer, .processes, "pid", "\(implant.pid)")
        #expect(processes.count == 1 && head["whole"]?.flag == true && head["table"]?.text == "processes")
        #expect(processes.first?["executable"]?.text == ground.implantPath)
        #expect(processes.first?["sha256"]?.text?.count == 64)
        let sockets = try look(enforcer, .sockets, "pids", "\(implant.pid)").rows
        #expect(sockets.map { $0["local_port"]?.integer } == [4444])
        let open = try look(enforcer, .openFiles, "target", "*/loot").rows
        #expect(open.map { $0["pid"]?.integer } == [Int64(implant.pid)])
        let cron = try look(enforcer, .persistence, "path", "/etc/cron.d/*").rows
        #expect(cron.map { $0["path"]?.text } == ["/etc/cron.d/updater"])
        #expect(cron.first?["text"]?.text?.contains("hunter2") == false)
    }

    @Test("every table can be told, and one without such rows says why")
    func all() throws {
        let enforcer = try ground.enforcer(fleet)
        for name in LiveTable.Name.allCases {
            let (head, rows, _) = try look(enforcer, name, mostRows: 2)
            #expect(rows.count <= 2 && head["table"]?.text == name.rawValue)
        }
        let (cut, _, result) = try look(enforcer, .accounts, mostRows: 1)
        #expect(cut["whole"]?.flag == false && cut["rows"]?.integer == 1)
        #expect(result.message.contains("1 row; it is not whole"), "\(result.message)")
        let (odd, none, _) = try look(enforcer, .accounts, "colour", "blue")
        #expect(none.isEmpty && odd["whole"]?.flag == true)
        #expect(odd["notes"]?.texts?.contains("no row that was looked at has a member colour") == true)
    }

    @Test("the host's owner may forbid it, and bound how often it is asked")
    func policy() throws {
        for (policy, rule) in [
            ("allowed_actions = [\"triage\"]", "allowed_actions"), ("tables_per_hour = 0", "tables_per_hour"),
        ] {
            let fleet = try Enrolled(lab.scratch, policy: policy)
            let enforcer = try ground.enforcer(fleet)
            let result = try enforcer.execute(.liveTable(LiveTable(name: .host)))
            guard case .refused(let said) = result.outcome else {
                Issue.record("\(policy): \(result.outcome)")
                continue
            }
            #expect(said.hasPrefix(rule), "\(said)")
            enforcer.kill()
        }
    }
}

@Suite("Conditions of live tables")
struct LiveTableConditionTests {
    @Test(
        "a row is wanted when its member says so",
        arguments: [
            ("name", "ssh*", true), ("name", "SSHD", false), ("name", "s?hd", true), ("pid", "42", true),
            ("pid", "4*", false), ("root", "true", true), ("pids", "7", true), ("pids", "9", false),
            ("nothing", "*", false),
        ])
    func condition(field: String, value: String, isWanted: Bool) throws {
        let table = TriageTable(
            "t", cutAt: Timestamp(seconds: 0), most: 1000, until: ContinuousClock.now + .seconds(3600),
            where: LiveTable.Condition(field: field, value: value))
        try table.add(["name": "sshd", "pid": 42, "root": true, "pids": [7, 8]])
        #expect(table.rows == (isWanted ? 1 : 0))
        #expect(table.knowsField == (field != "nothing"))
    }

    @Test("a condition is a member and a value, or neither")
    func halves() {
        for parameters: [String: FieldValue] in [
            ["table": .text("host"), "field": .text("path")], ["table": .text("host"), "value": .text("x")],
            ["table": .text("secrets")], ["table": .text("host"), "field": .text("path"), "value": .text("a\nb")],
        ] {
            #expect(throws: ActionError.self) { try Action(kind: "live_table", parameters: parameters) }
        }
    }
}
