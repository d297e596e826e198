internal import CordonModel

/// Why a text is not taken as JSON, and where.
package struct JSONScanError: ActionableError, Hashable {
    package enum Reason: String, Sendable, Hashable {
        /// Against the grammar of RFC 8259.
        case syntax = "json.syntax"
        /// One key twice in one object (RFC 8259 §4 leaves it open; two readers would see two documents).
        case duplicateKey = "json.duplicate_key"
        /// Bytes that are not UTF-8, or an escape that names half a surrogate pair.
        case encoding = "json.encoding"
        /// Deeper, longer or of more values than allowed.
        case limit = "json.limit"
    }

    package let reason: Reason
    /// From 0, in bytes.
    package let offset: Int
    /// From 1.
    package let line: Int
    /// From 1, in bytes.
    package let column: Int
    private let what: String

    package var code: String { reason.rawValue }
    package var message: String { "Line \(line), column \(column): \(what)." }
    package var remedy: String { "" }

    init(_ reason: Reason, _ what: String, at offset: Int, in bytes: Span<UInt8>) {
        self.reason = reason
        self.what = what
        self.offset = offset
        var line = 1
        var start = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            start = index + 1
        }
        self.line = line
        column = offset - start + 1
    }
}
