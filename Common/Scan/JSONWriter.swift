extension JSONValue {
    /// How a value is written.
    package enum Form: Sendable, Hashable {
        /// No spaces, members in their order.
        case compact
        /// Two spaces a level, members in their order.
        case indented
        /// RFC 8785 (JCS): no spaces, members sorted by UTF-16 code units, numbers as ECMAScript writes them.
        case canonical
    }

    /// The JSON text, UTF-8.
    package func bytes(_ form: Form = .compact) -> [UInt8] {
        var writer = JSONWriter(form: form)
        writer.write(self, level: 0)
        return writer.bytes
    }

    /// The JSON text.
    package func json(_ form: Form = .compact) -> String { String(decoding: bytes(form), as: UTF8.self) }
}

/// Writes values; total, for every value can be written.
private struct JSONWriter {
    let form: JSONValue.Form
    var bytes: [UInt8] = []

    init(form: JSONValue.Form) { self.form = form }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: put("null")
        case .flag(let flag): put(flag ? "true" : "false")
        case .integer(let integer): write(integer)
        case .number(let number): put(ECMAScriptNumber.text(number))
        case .text(let text): write(text)
        case .array(let array):
            list(array, "[", "]", level) { writer, element in writer.write(element, level: level + 1) }
        case .object(let object):
            list(members(object), "{", "}", level) { writer, member in
                writer.write(member.key)
                writer.put(writer.form == .indented ? ": " : ":")
                writer.write(member.value, level: level + 1)
            }
        }
    }

    /// In canonical form a number is a double (RFC 8785 §3.2.2.3): what doubles cannot hold is written as they round
    /// it.
    private mutating func write(_ integer: Int64) {
        put(form == .canonical ? ECMAScriptNumber.text(Double(integer)) : String(integer))
    }

    private func members(_ object: JSONObject) -> [(key: String, value: JSONValue)] {
        guard form == .canonical else { return Array(object) }
        return object.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ level: Int,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        put(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { put(",") }
            breakLine(level + 1)
            write(&self, element)
        }
        if !elements.isEmpty { breakLine(level) }
        put(close)
    }

    private mutating func breakLine(_ level: Int) {
        guard form == .indented else { return }
        put("\n" + String(repeating: "  ", count: level))
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: Array(text.utf8)) }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): put("\\\"")
            case UInt8(ascii: "\\"): put("\\\\")
            case 0x08: put("\\b")
            case 0x09: put("\\t")
            case 0x0A: put("\\n")
            case 0x0C: put("\\f")
            case 0x0D: put("\\r")
            case 0..<0x20: put(byte < 0x10 ? "\\u000" + String(byte, radix: 16) : "\\u00" + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// `Number::toString` of ECMA-262 §6.1.6.1.20, from the shortest digits that Swift finds.
private enum ECMAScriptNumber {
    static func text(_ number: Double) -> String {
        if number == 0 { return "0" }
        // JSON has no such numbers and the parser makes none; a value made in code becomes null, as JSON.stringify
        // does.
        guard number.isFinite else { return "null" }
        let (digits, point) = shortest(number.magnitude)
        return (number < 0 ? "-" : "") + placed(digits, point)
    }

    /// The digits d1d2… and n such that the number is 0.d1d2… × 10ⁿ.
    private static func shortest(_ number: Double) -> (digits: [UInt8], point: Int) {
        let parts = "\(number)".utf8.split(separator: UInt8(ascii: "e"))
        let exponent = parts.count == 2 ? Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
        let mantissa = parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        var digits = Array(mantissa[0]) + (mantissa.count == 2 ? Array(mantissa[1]) : [])
        var point = mantissa[0].count + exponent
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point)
    }

    private static func placed(_ digits: [UInt8], _ point: Int) -> String {
        let text = { (part: ArraySlice<UInt8>) in String(decoding: part, as: UTF8.self) }
        if digits.count <= point, point <= 21 {
            return text(digits[...]) + String(repeating: "0", count: point - digits.count)
        }
        if point > 0, point <= 21 { return text(digits[..<point]) + "." + text(digits[point...]) }
        if point > -6, point <= 0 { return "0." + String(repeating: "0", count: -point) + text(digits[...]) }
        let exponent = (point - 1 < 0 ? "e-" : "e+") + String(abs(point - 1))
        return text(digits[..<1]) + (digits.count > 1 ? "." + text(digits[1...]) : "") + exponent
    }
}
