import CordonModel
import Testing

@testable import ControllerStore

@Suite("Statements")
struct StatementTests {
    @Test(
        "placeholders count when they come in order of first use",
        arguments: [
            ("SELECT 1", 0), ("SELECT $1, $2, $1", 2), ("SELECT '$7', $1", 1), ("SELECT $1, '$2 it''s $3', $2", 2),
            ("VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", 10),
        ])
    func ordered(sql: String, count: Int) { #expect(Placeholders.count(in: sql) == count) }

    @Test(
        "placeholders out of order, with gaps or without a number do not",
        arguments: [
            "SELECT $2, $1", "SELECT $1, $3", "SELECT $0", "SELECT $", "SELECT $1 $", "SELECT $99999999999999999999",
        ])
    func disordered(sql: String) { #expect(Placeholders.count(in: sql) == nil) }

    @Test("a statement with the wrong number of values is refused before it runs")
    func mismatch() async throws {
        let database = try Workshop().open()
        await #expect(throws: StoreError.self) { try await database.write { try $0.run("SELECT $1", 1, 2) } }
    }

    @Test("NUL in a text becomes U+FFFD instead of cutting it")
    func nul() async throws {
        let database = try Workshop().open()
        let text = try await database.read { try $0.row("SELECT $1 AS text", "a\0b")?.text("text") }
        #expect(text == "a\u{FFFD}b")
    }

    @Test("a column that holds something else is reported, not guessed")
    func types() async throws {
        let database = try Workshop().open()
        await #expect(throws: StoreError.self) {
            try await database.read { try $0.row("SELECT 'x' AS n")?.integer("n") }
        }
        await #expect(throws: StoreError.self) { try await database.read { try $0.row("SELECT 1 AS n")?.integer("m") } }
        await #expect(throws: StoreError.self) { try await database.read { try $0.row("SELECT NULL AS n")?.text("n") } }
        #expect(try await database.read { try $0.row("SELECT NULL AS n")?.optionalText("n") } == nil)
    }

    @Test("a write that fails leaves neither its change nor its record")
    func allOrNothing() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        await #expect(throws: (any Error).self) {
            try await database.write(recording: [workshop.entry("test")]) { connection in
                try connection.run(
                    "INSERT INTO intake_stream VALUES (1, 'a', $1, 1, 1)", [UInt8](repeating: 0, count: 16))
                throw CancellationError()
            }
        }
        #expect(try await workshop.reader(database).records(limit: 9).isEmpty)
        #expect(try await database.read { try $0.rows("SELECT * FROM intake_stream").count } == 0)
    }
}
