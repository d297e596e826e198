package import CordonModel

/// What events are searched by: a small language of fields, words, AND, OR, NOT and parentheses.
///
///     user.name:root AND source.ip:203.0.113.0/24
///     (event.outcome:failure OR "Failed password") NOT process.name:cron*
///     destination.port:>=1024 @timestamp:<2026-11-21T00:00:00Z
///
/// Terms that stand side by side must all hold. Letter case is ignored in ASCII, nowhere else.
package indirect enum EventQuery: Sendable, Hashable {
    /// Holds for every event: the empty query.
    case everything
    case all([EventQuery])
    case any([EventQuery])
    case not(EventQuery)
    /// The field has such a value; of a list, one item is enough.
    case field(String, FieldTest)
    /// The line as it was has this as whole words; `*` and `?` widen it.
    case words(TextPattern)

    /// What a field is held against.
    package enum FieldTest: Sendable, Hashable {
        /// There is a value.
        case present
        case text(TextPattern)
        /// An address, or a network that it must lie in.
        case network(Network)
        case compare(Comparison, Int64)
    }

    /// How numbers are compared; of `@timestamp` and `event.created` the numbers are microseconds.
    package enum Comparison: String, Sendable, Hashable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"
    }

    /// Bounds on one query.
    package enum Limits {
        /// Bytes of UTF-8.
        package static let bytes = 4096
        package static let terms = 64
        /// Parentheses and NOTs in each other.
        package static let depth = 16
    }

    /// Reads a query; throws ``EventQueryError`` with the place of the fault.
    package init(_ text: String) throws(EventQueryError) {
        var parser = try EventQueryParser(text)
        self = try parser.parse()
    }

    /// Fields whose values are addresses: a value of theirs with a slash is a network.
    static func isAddress(_ field: String) -> Bool {
        field.hasSuffix(".ip") || field.hasSuffix(".address") || field == "related.ip"
    }
}

/// What is wrong with a query.
package struct EventQueryError: ActionableError, Equatable {
    package let code = "query.syntax"
    package let message: String
    package let remedy =
        "Write terms as user.name:root or source.ip:203.0.113.0/24, join them with AND, OR, NOT and parentheses, and quote what holds spaces."
    /// The character of the query at which it went wrong, from 1.
    package let position: Int

    init(_ what: String, at position: Int) {
        message = "The query cannot be read at character \(position): \(what)."
        self.position = position
    }
}
