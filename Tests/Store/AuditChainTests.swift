import ControllerStore
import CordonModel
import CordonTrust
import Testing

@Suite("The stored audit chain")
struct AuditChainTests {
    /// Three records, written at once, and a checkpoint; closed.
    private func closedChain(records: Int = 3) async throws -> Workshop {
        let workshop = try Workshop()
        let database = try workshop.open()
        try await database.record(
            (1...records).map { workshop.entry("test.\($0)", details: ["é": "\u{0}\n\u{FFFD}", "b": "\($0)"]) })
        try database.close()
        return workshop
    }

    private func verification(of workshop: Workshop, anchor: AuditCheckpoint? = nil) async throws -> AuditVerification {
        let database = try workshop.open()
        defer { try? database.close() }
        return try await workshop.reader(database).verify(anchor: anchor)
    }

    @Test("a chain that nobody touched holds, over a restart and past several checkpoints")
    func untouched() async throws {
        let workshop = try await closedChain(records: 150)
        let found = try await verification(of: workshop)
        #expect(found.fault == nil)
        #expect(found.records == 150)
        // At 64, at 128, and at the last.
        #expect(found.checkpoints == 3)
    }

    @Test(
        "a change of any column is found",
        arguments: [
            "UPDATE audit_record SET at = at + 1 WHERE number = 2",
            "UPDATE audit_record SET actor = 'Ada' WHERE number = 2",
            "UPDATE audit_record SET actor = CAST(X'61646100657669' AS TEXT) WHERE number = 2",
            "UPDATE audit_record SET verb = 'test.3' WHERE number = 2",
            "UPDATE audit_record SET subject = 'case:2' WHERE number = 2",
            "UPDATE audit_record SET details = replace(details, '2', '3') WHERE number = 2",
            "UPDATE audit_record SET details = details || ' ' WHERE number = 2",
            "UPDATE audit_record SET details = '{' WHERE number = 2",
            "UPDATE audit_record SET details = CAST(replace(CAST(details AS BLOB), X'EFBFBD', X'FF') AS TEXT) WHERE number = 2",
            "UPDATE audit_record SET hash = zeroblob(32) WHERE number = 2",
            "UPDATE audit_record SET hash = X'' WHERE number = 3",
            "UPDATE audit_checkpoint SET hash = zeroblob(32)",
            "UPDATE audit_checkpoint SET signature = zeroblob(64)",
            "UPDATE audit_checkpoint SET number = 2",
            "UPDATE audit_checkpoint SET number = 4",
        ])
    func changed(statement: String) async throws {
        let workshop = try await closedChain()
        try workshop.tamper(statement)
        #expect(try await verification(of: workshop).fault != nil)
    }

    @Test("any one bit that flips in any text or hash is found")
    func flippedBits() async throws {
        let workshop = try await closedChain()
        let columns = ["actor", "verb", "subject", "details", "hash"]
        for column in columns {
            let database = try workshop.open()
            let record = try #require(try await workshop.reader(database).records(limit: 1).first)
            try database.close()
            let length = ["actor": 3, "verb": 6, "subject": 6, "details": 12, "hash": record.hash.count][column] ?? 0
            for place in 1...length {
                let type = column == "hash" ? "BLOB" : "TEXT"
                try workshop.tamper(
                    """
                    CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM audit_record;
                    UPDATE audit_record SET \(column) = CAST(
                    CAST(substr(CAST(\(column) AS BLOB), 1, \(place - 1)) AS BLOB) ||
                    CAST(char((unicode(substr(CAST(\(column) AS BLOB), \(place), 1)) + 1) % 128) AS BLOB) ||
                    CAST(substr(CAST(\(column) AS BLOB), \(place + 1)) AS BLOB) AS \(type)) WHERE number = 1
                    """
                )
                #expect(try await verification(of: workshop).fault?.index == 1, "\(column) \(place)")
                try workshop.tamper(
                    "UPDATE audit_record SET \(column) = (SELECT \(column) FROM kept WHERE kept.number = audit_record.number)"
                )
            }
            #expect(try await verification(of: workshop).fault == nil)
        }
    }

    @Test(
        "what is removed, moved or rewritten is found, and named",
        arguments: [
            ("DELETE FROM audit_record WHERE number = 70", "gap", 70),
            ("DELETE FROM audit_record WHERE number = 1", "gap", 1),
            ("DELETE FROM audit_record WHERE number > 130", "truncated", 150),
            ("DELETE FROM audit_checkpoint WHERE number = 64", "missing_checkpoint", 64),
            ("DELETE FROM audit_checkpoint WHERE number = 150", "unsealed", 129),
            ("DELETE FROM audit_record; DELETE FROM audit_checkpoint WHERE number < 150", "truncated", 150),
            (
                """
                UPDATE audit_record SET number = -1 WHERE number = 7; UPDATE audit_record SET number = 7 WHERE number = 8;
                UPDATE audit_record SET number = 8 WHERE number = -1
                """, "altered", 7
            ),
        ] as [(String, String, Int64)])
    func removed(statement: String, kind: String, index: Int64) async throws {
        let workshop = try await closedChain(records: 150)
        try workshop.tamper(statement)
        let fault = try #require(try await verification(of: workshop).fault)
        #expect(fault.kind == kind)
        #expect(fault.index == index)
        #expect(fault.message.contains("\(index)"))
    }

    @Test("a chain rewritten whole by somebody without the key is found")
    func rewritten() async throws {
        let workshop = try await closedChain()
        let intruder = SigningKey()
        let forged = try ControllerStore.Database(folder: workshop.folder, auditKey: intruder)
        try await forged.record([workshop.entry("test.4")])
        try await forged.checkpoint()
        try forged.close()
        let fault = try #require(try await verification(of: workshop).fault)
        #expect(fault.kind == "forged_checkpoint")
        #expect(fault.index == 4)
    }

    @Test("an end cut off together with its checkpoints is found by a checkpoint kept elsewhere")
    func anchored() async throws {
        let workshop = try await closedChain()
        let database = try workshop.open()
        try await database.record([workshop.entry("test.4")])
        let anchor = try #require(try await workshop.reader(database).checkpoints().last)
        try database.close()
        try workshop.tamper(
            "DELETE FROM audit_checkpoint WHERE number > 3", "DELETE FROM audit_record WHERE number > 3")
        #expect(try await verification(of: workshop).fault == nil)
        #expect(try await verification(of: workshop, anchor: anchor).fault?.kind == "truncated")
    }

    @Test("the database itself refuses to change or delete a record")
    func appendOnly() async throws {
        let workshop = try await closedChain()
        for statement in [
            "UPDATE audit_record SET actor = 'x'", "DELETE FROM audit_record", "UPDATE audit_checkpoint SET number = 9",
            "DELETE FROM audit_checkpoint",
        ] {
            #expect(throws: (any Error).self, "\(statement)") { try workshop.execute(statement) }
        }
        #expect(try await verification(of: workshop).fault == nil)
    }

    @Test("writers at the same time make one chain")
    func concurrent() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for index in 0..<25 { try await database.record([workshop.entry("test.\(writer).\(index)")]) }
                }
            }
            try await group.waitForAll()
        }
        let found = try await workshop.reader(database).verify()
        #expect(found.fault == nil)
        #expect(found.records == 200)
    }

    @Test("a copy of the files taken in mid-flight, its log torn anywhere, opens with a chain that holds")
    func tornLog() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        for index in 1...20 { try await database.record([workshop.entry("test.\(index)")]) }
        for cut in [0, 1, 31, 32, 4096, 5000, 20_000] {
            let copy = try workshop.copyTearing(logBy: cut)
            let found = try await copy.verification()
            #expect(found.fault == nil, "\(cut)")
            #expect(cut > 0 ? found.records < 20 : found.records == 20, "\(cut)")
        }
    }

    @Test("records read back as they were written, and the export is a line each with the checkpoints last")
    func export() async throws {
        let workshop = try await closedChain()
        let database = try workshop.open()
        let records = try await workshop.reader(database).records(limit: 10)
        #expect(records.map(\.entry.verb) == ["test.1", "test.2", "test.3"])
        // NUL is the one character that a text column cannot keep.
        #expect(records[0].entry.details == ["é": "\u{FFFD}\n\u{FFFD}", "b": "1"])
        var text = ""
        try await workshop.reader(database).export { text += $0 }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("{\"index\":1,"))
        #expect(lines[3].hasPrefix("{\"checkpoint\":3,"))
        let newest = try await workshop.reader(database).newest(subject: "case:1", limit: 2)
        #expect(newest.map(\.index) == [3, 2])
    }

    @Test("an entry with too much text is cut, recorded, and still verifies")
    func long() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        let long = String(repeating: "ä", count: 10_000)
        var entry = workshop.entry("\0" + long, details: [long: long])
        entry.actor = long
        try await database.record([entry])
        let found = try await workshop.reader(database).verify()
        #expect(found.fault == nil)
        let record = try #require(try await workshop.reader(database).records(limit: 1).first)
        #expect(record.entry.actor.utf8.count == 300)
    }
}
