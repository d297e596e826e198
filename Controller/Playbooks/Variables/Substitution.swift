internal import CordonModel
internal import CordonScan

/// Fills `__name__:value` references in (CACAO 2.0 §4.1.2).
///
/// Filling is never applied to what is already filled, so that a value which looks like a reference stays what it is.
struct Substitution {
    /// The variables in scope.
    let variables: [String: Variable]

    /// The text with each reference replaced by its variable's value.
    /// - Throws: ``PlaybooksError`` for a variable that is not defined or has no value.
    func fill(_ text: String) throws -> String {
        var filled = ""
        for part in Self.parts(of: text) {
            switch part {
            case .text(let literal): filled += literal
            case .reference(let name): filled += try value(of: name).text
            }
        }
        return filled
    }

    /// The JSON with the references in its strings replaced: never a member's name, and always one leaf for one leaf.
    /// A string that is one reference to a number or a truth value becomes that number or truth value.
    func fill(_ json: JSONValue) throws -> JSONValue {
        switch json {
        case .text(let text): return try leaf(text)
        case .array(let elements): return .array(try elements.map { try fill($0) })
        case .object(let members):
            var filled = JSONObject()
            for (name, value) in members { filled[name] = try fill(value) }
            return .object(filled)
        case .null, .flag, .integer, .number: return json
        }
    }

    private func leaf(_ text: String) throws -> JSONValue {
        let parts = Self.parts(of: text)
        guard parts.count == 1, case .reference(let name) = parts[0] else { return .text(try fill(text)) }
        let (value, type) = try value(of: name)
        switch type {
        case .bool: return .flag(value == "true")
        case .integer, .long: return Int64(value).map { .integer($0) } ?? .text(value)
        default: return .text(value)
        }
    }

    /// The value and its type, checked against each other.
    func value(of name: String) throws -> (text: String, type: VariableType) {
        guard let variable = variables[name] else {
            throw PlaybooksError(code: "variable.undefined", message: "The variable \(name) is not defined here.")
        }
        guard let value = variable.value else {
            throw PlaybooksError(code: "variable.unknown", message: "The variable \(name) has no value yet.")
        }
        guard variable.type.accepts(value) else {
            throw PlaybooksError(
                code: "variable.type", message: "The value of \(name) is no \(variable.type.rawValue).")
        }
        return (value, variable.type)
    }

    enum Part: Equatable {
        case text(String)
        case reference(String)
    }

    /// The names that the text refers to.
    static func references(in text: String) -> [String] {
        parts(of: text).compactMap { if case .reference(let name) = $0 { name } else { nil } }
    }

    /// Literal text and references in order.
    static func parts(of text: String) -> [Part] {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var literal: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if let end = referenceEnd(bytes, at: position) {
                if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
                literal = []
                parts.append(.reference(String(decoding: bytes[position..<(end - marker.count)], as: UTF8.self)))
                position = end
            } else {
                literal.append(bytes[position])
                position += 1
            }
        }
        if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
        return parts
    }

    private static let marker = Array(":value".utf8)

    /// The index after `__name__:value` when one starts there.
    private static func referenceEnd(_ bytes: [UInt8], at start: Int) -> Int? {
        let underscore = UInt8(ascii: "_")
        guard start + 1 < bytes.count, bytes[start] == underscore, bytes[start + 1] == underscore else { return nil }
        var end = start + 2
        // A dot is no part of a name, but stands in names that are in circulation.
        while end < bytes.count, VariableName.isPart(bytes[end]) || bytes[end] == UInt8(ascii: "."), end - start < 250 {
            end += 1
        }
        guard end - start >= 5, bytes[end - 1] == underscore, bytes[end - 2] == underscore,
            bytes[end...].starts(with: marker)
        else { return nil }
        return end + marker.count
    }
}
