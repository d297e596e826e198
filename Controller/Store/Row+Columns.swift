internal import CordonModel
internal import FoundationEssentials
internal import GRDB

/// Typed columns by name. What is not of the type throws ``StoreError`` naming the column: a database that was edited
/// by hand is reported, it never stops the program.
extension Row {
    func text(_ column: String) throws -> String { try value(column) }
    func integer(_ column: String) throws -> Int64 { try value(column) }
    func count(_ column: String) throws -> Int { try value(column) }
    func flag(_ column: String) throws -> Bool { try value(column) }
    func bytes(_ column: String) throws -> [UInt8] { Array(try value(column) as Data) }
    func timestamp(_ column: String) throws -> Timestamp { Timestamp(microseconds: try value(column)) }
    func severity(_ column: String) throws -> Severity { Severity(score: try value(column)) }

    func identifier<Subject>(_ column: String, of subject: Identifier<Subject>.Type = Identifier<Subject>.self) throws
        -> Identifier<Subject>
    {
        guard let identifier = Identifier<Subject>(try text(column)) else { throw StoreError.unreadable(column) }
        return identifier
    }

    func word<Word: RawRepresentable>(_ column: String, as type: Word.Type = Word.self) throws -> Word
    where Word.RawValue == String {
        guard let word = Word(rawValue: try text(column)) else { throw StoreError.unreadable(column) }
        return word
    }

    /// `nil` for NULL; what the closure reads otherwise.
    func optional<Value>(_ column: String, _ read: (String) throws -> Value) throws -> Value? {
        guard let stored = databaseValue(column) else { throw StoreError.unreadable(column) }
        return stored.isNull ? nil : try read(column)
    }

    func optionalText(_ column: String) throws -> String? { try optional(column, text) }
    func optionalTimestamp(_ column: String) throws -> Timestamp? { try optional(column, timestamp) }

    func optionalIdentifier<Subject>(_ column: String) throws -> Identifier<Subject>? {
        try optional(column) { try identifier($0) }
    }

    private func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let stored = databaseValue(column), let value = Value.fromDatabaseValue(stored) else {
            throw StoreError.unreadable(column)
        }
        return value
    }

    private func databaseValue(_ column: String) -> DatabaseValue? { self[column] as DatabaseValue? }
}

extension StoreError {
    /// A column is missing or holds what its reader cannot take.
    static func unreadable(_ column: String) -> StoreError {
        StoreError(
            code: "store.unreadable", message: "Column \(column) of a stored record is not what was written there.",
            remedy: "Run `cordon audit verify`, and restore the data folder from a backup if it was edited."
        )
    }
}
