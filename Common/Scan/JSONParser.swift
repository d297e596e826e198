/// Reads JSON from bytes by recursive descent. Holds a place, not the bytes: they are lent to every step.
struct JSONParser {
    private let limits: JSONValue.Limits
    private var position = 0
    private var nodes = 0

    init(limits: JSONValue.Limits) { self.limits = limits }

    /// The one value that the text is.
    mutating func document(_ bytes: Span<UInt8>) throws(JSONScanError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw JSONScanError(
                .limit, "the text is \(bytes.count) bytes long; \(limits.bytes) are allowed", at: 0, in: bytes)
        }
        skipSpace(bytes)
        let value = try value(bytes, depth: 0)
        skipSpace(bytes)
        guard position == bytes.count else { throw error("there is more after the end of the value", bytes) }
        return value
    }

    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONScanError) -> JSONValue {
        try count(bytes)
        guard position < bytes.count else { throw error("the text ends where a value is expected", bytes) }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object(try object(bytes, depth: try deeper(depth, bytes)))
        case UInt8(ascii: "["): return .array(try array(bytes, depth: try deeper(depth, bytes)))
        case UInt8(ascii: "\""): return .text(try string(bytes))
        case UInt8(ascii: "t"): return try word("true", .flag(true), bytes)
        case UInt8(ascii: "f"): return try word("false", .flag(false), bytes)
        case UInt8(ascii: "n"): return try word("null", .null, bytes)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(bytes)
        default: throw error("a value is expected here", bytes)
        }
    }

    // MARK: - Structures

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONScanError) -> JSONObject {
        var object = JSONObject()
        position += 1
        skipSpace(bytes)
        if take(UInt8(ascii: "}"), bytes) { return object }
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw error("a member name in quotes is expected here", bytes)
            }
            let start = position
            try count(bytes)
            let key = try string(bytes)
            skipSpace(bytes)
            guard take(UInt8(ascii: ":"), bytes) else { throw error("':' is expected after a member name", bytes) }
            skipSpace(bytes)
            guard object.insert(key, try value(bytes, depth: depth)) else {
                throw JSONScanError(.duplicateKey, "this member name stands twice in one object", at: start, in: bytes)
            }
            skipSpace(bytes)
            if take(UInt8(ascii: "}"), bytes) { return object }
            guard take(UInt8(ascii: ","), bytes) else { throw error("',' or '}' is expected here", bytes) }
            skipSpace(bytes)
        }
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONScanError) -> [JSONValue] {
        var array: [JSONValue] = []
        position += 1
        skipSpace(bytes)
        if take(UInt8(ascii: "]"), bytes) { return array }
        while true {
            array.append(try value(bytes, depth: depth))
            skipSpace(bytes)
            if take(UInt8(ascii: "]"), bytes) { return array }
            guard take(UInt8(ascii: ","), bytes) else { throw error("',' or ']' is expected here", bytes) }
            skipSpace(bytes)
        }
    }

    // MARK: - Scalars

    private mutating func word(_ word: StaticString, _ value: JSONValue, _ bytes: Span<UInt8>) throws(JSONScanError)
        -> JSONValue
    {
        guard bytes.starts(with: word, at: position) else { throw error("a value is expected here", bytes) }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONScanError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"), bytes)
        if take(UInt8(ascii: "0"), bytes) {
            guard !(position < bytes.count && bytes[position].isDigit) else {
                throw error("a number has no leading zero", bytes)
            }
        } else {
            try digits(bytes)
        }
        var whole = true
        if take(UInt8(ascii: "."), bytes) {
            whole = false
            try digits(bytes)
        }
        if take(UInt8(ascii: "e"), bytes) || take(UInt8(ascii: "E"), bytes) {
            whole = false
            if !take(UInt8(ascii: "+"), bytes) { _ = take(UInt8(ascii: "-"), bytes) }
            try digits(bytes)
        }
        guard position - start <= 64 else {
            throw JSONScanError(.limit, "a number has at most 64 characters", at: start, in: bytes)
        }
        let text = String(decoding: bytes.array(start..<position), as: UTF8.self)
        if whole, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw JSONScanError(.limit, "this number is too large", at: start, in: bytes)
        }
        return Int64(exactly: number).map { .integer($0) } ?? .number(number)
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONScanError) {
        guard position < bytes.count, bytes[position].isDigit else { throw error("a digit is expected here", bytes) }
        while position < bytes.count, bytes[position].isDigit { position += 1 }
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONScanError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try text(bytes.array(start..<position), from: start, bytes)
            case UInt8(ascii: "\\"):
                return try escapedString(bytes, from: start)
            case 0..<0x20:
                throw error("a control character in a text must be escaped", bytes)
            default:
                position += 1
            }
        }
        throw error("the text ends inside quotes", bytes)
    }

    /// The slow path: from the first backslash on, byte by byte into a buffer.
    private mutating func escapedString(_ bytes: Span<UInt8>, from start: Int) throws(JSONScanError) -> String {
        var buffer = bytes.array(start..<position)
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try text(buffer, from: start, bytes)
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &buffer, bytes)
            case 0..<0x20:
                throw error("a control character in a text must be escaped", bytes)
            default:
                buffer.append(byte)
                position += 1
            }
        }
        throw error("the text ends inside quotes", bytes)
    }

    private mutating func escape(into buffer: inout [UInt8], _ bytes: Span<UInt8>) throws(JSONScanError) {
        guard position < bytes.count else { throw error("the text ends inside quotes", bytes) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): buffer.append(contentsOf: Array(String(Character(try scalar(bytes))).utf8))
        default:
            position -= 1
            throw error("this escape is not of JSON", bytes)
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that make a surrogate pair (RFC 8259 §7).
    private mutating func scalar(_ bytes: Span<UInt8>) throws(JSONScanError) -> Unicode.Scalar {
        let start = position
        let unit = try unit(bytes)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if unit < 0xDC00, bytes.starts(with: "\\u", at: position) {
            position += 2
            let low = try self.unit(bytes)
            if (0xDC00..<0xE000).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            {
                return scalar
            }
        }
        throw JSONScanError(.encoding, "this escape is half a surrogate pair", at: start - 2, in: bytes)
    }

    private mutating func unit(_ bytes: Span<UInt8>) throws(JSONScanError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = bytes[position].hexValue else {
                throw error("four hexadecimal digits are expected here", bytes)
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private func text(_ raw: [UInt8], from start: Int, _ bytes: Span<UInt8>) throws(JSONScanError) -> String {
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw JSONScanError(.encoding, "this text is not UTF-8", at: start, in: bytes)
        }
        return text
    }

    // MARK: - Steps

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func count(_ bytes: Span<UInt8>) throws(JSONScanError) {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw JSONScanError(.limit, "there are more than \(limits.nodes) values", at: position, in: bytes)
        }
    }

    private func deeper(_ depth: Int, _ bytes: Span<UInt8>) throws(JSONScanError) -> Int {
        guard depth < limits.depth else {
            throw JSONScanError(.limit, "there are more than \(limits.depth) levels", at: position, in: bytes)
        }
        return depth + 1
    }

    private func error(_ what: String, _ bytes: Span<UInt8>) -> JSONScanError {
        JSONScanError(.syntax, what, at: position, in: bytes)
    }
}
