internal import CordonModel
internal import FoundationEssentials
internal import GRDB

/// What may stand for a `$1` in a statement.
protocol Bindable {
    /// The value as SQLite keeps it.
    var bound: DatabaseValue { get }
}

extension GRDB.Database {
    /// Runs a statement that changes something.
    ///
    /// Placeholders are `$1`, `$2`, … in order of first use and as many as there are values: SQLite numbers named
    /// parameters by first appearance, PostgreSQL by their digits, and only so do both mean the same.
    /// - Returns: How many rows were changed.
    @discardableResult
    func run(_ sql: String, _ values: (any Bindable)?...) throws -> Int {
        try prepared(sql, values).execute()
        return changesCount
    }

    /// All rows that the query answers; give it a LIMIT where the table has none.
    func rows(_ sql: String, _ values: (any Bindable)?...) throws -> [Row] {
        try Row.fetchAll(prepared(sql, values))
    }

    /// All rows, for statements whose values are collected at run time.
    func rows(_ sql: String, values: [(any Bindable)?]) throws -> [Row] {
        try Row.fetchAll(prepared(sql, values))
    }

    /// The first row that the query answers.
    func row(_ sql: String, _ values: (any Bindable)?...) throws -> Row? {
        try Row.fetchOne(prepared(sql, values))
    }

    /// The statement from the connection's cache, its values bound.
    private func prepared(_ sql: String, _ values: [(any Bindable)?]) throws -> Statement {
        guard Placeholders.count(in: sql) == values.count else {
            throw StoreError(
                code: "store.statement",
                message:
                    "A statement's placeholders are not $1 to $\(values.count) in order of first use: \(sql.prefix(200))"
            )
        }
        let statement = try cachedStatement(sql: sql)
        try statement.setArguments(StatementArguments(values.map { $0?.bound ?? .null }))
        return statement
    }
}

/// The `$1`, `$2`, … of a statement.
enum Placeholders {
    /// How many there are; `nil` when they are not numbered from 1 in order of first use. Quoted text does not count.
    static func count(in sql: String) -> Int? {
        var count = 0
        var quoted = false
        var number: Int?
        for byte in sql.utf8 {
            if let digits = number {
                if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < 10_000 {
                    number = digits * 10 + Int(byte - UInt8(ascii: "0"))
                    continue
                }
                guard seen(digits, &count) else { return nil }
                number = nil
            }
            if byte == UInt8(ascii: "'") { quoted.toggle() }
            if byte == UInt8(ascii: "$"), !quoted { number = 0 }
        }
        if let digits = number, !seen(digits, &count) { return nil }
        return count
    }

    private static func seen(_ number: Int, _ count: inout Int) -> Bool {
        if number == count + 1 { count = number }
        return number >= 1 && number <= count
    }
}

extension String: Bindable {
    /// NUL cannot stand in a text column (PostgreSQL refuses it, the binding below cuts there): it is kept as U+FFFD.
    /// Text whose every byte matters stands in a JSON document or a blob.
    var bound: DatabaseValue {
        utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }).databaseValue : databaseValue
    }
}

extension Int: Bindable {
    var bound: DatabaseValue { databaseValue }
}

extension Int64: Bindable {
    var bound: DatabaseValue { databaseValue }
}

extension Bool: Bindable {
    /// 1 or 0.
    var bound: DatabaseValue { databaseValue }
}

extension [UInt8]: Bindable {
    /// A blob.
    var bound: DatabaseValue { Data(self).databaseValue }
}

extension Timestamp: Bindable {
    /// Microseconds since the Unix epoch.
    var bound: DatabaseValue { microseconds.databaseValue }
}

extension Duration: Bindable {
    /// Microseconds.
    var bound: DatabaseValue { microseconds.databaseValue }
}

extension Identifier: Bindable {
    /// RFC 9562 text.
    var bound: DatabaseValue { description.databaseValue }
}

extension RawRepresentable where RawValue == String {
    /// The raw value, for enumerations that declare themselves `Bindable`.
    var bound: DatabaseValue { rawValue.databaseValue }
}

extension Severity: Bindable {
    /// The score, so that SQL can compare.
    var bound: DatabaseValue { score.databaseValue }
}

extension Severity {
    /// The severity of a stored score; the nearest below for a score that none has.
    init(score: Int) {
        self = Self.allCases.last { $0.score <= score } ?? .informational
    }
}
