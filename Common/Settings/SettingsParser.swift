/// Reads the strict subset of TOML 1.0 that all our daemons share: comments, `[section]` and `[section.name]`,
/// `key = value` with basic strings, integers, booleans and arrays of them. One key a line; arrays may span lines.
///
/// Ours because the agent must stay free of ICU, which every TOML and JSON configuration library we know of pulls in.
struct SettingsParser {
    private let file: String
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var section = ""
    private(set) var entries: [String: [String: SettingsEntry]] = [:]
    private(set) var sectionOrigins: [String: String] = [:]

    /// A file that is larger is refused.
    static let largestFile = 1 << 20

    init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    mutating func parse() throws(SettingsError) {
        guard bytes.count <= Self.largestFile else { throw fault("too_large", "The file is larger than 1 MiB.") }
        while position < bytes.count {
            skipBlank(acrossLines: true)
            guard let byte = peek() else { break }
            if byte == UInt8(ascii: "[") { try parseSection() } else { try parseEntry() }
            try expectEndOfLine()
        }
    }

    private mutating func parseSection() throws(SettingsError) {
        position += 1
        guard peek() != UInt8(ascii: "[") else {
            throw fault(
                "syntax", "Arrays of tables ([[…]]) are not part of our settings.",
                remedy: "Write [section.name] instead.")
        }
        let name = take { Self.isNameByte($0) || $0 == UInt8(ascii: ".") }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard !parts.contains(""), peek() == UInt8(ascii: "]") else {
            throw fault("syntax", "A section is written [name] or [name.part] with letters, digits, _ and -.")
        }
        position += 1
        guard entries[name] == nil else { throw fault("duplicate", "The section [\(name)] stands in this file twice.") }
        section = name
        entries[name] = [:]
        sectionOrigins[name] = "\(file):\(line)"
    }

    private mutating func parseEntry() throws(SettingsError) {
        let origin = "\(file):\(line)"
        let key = take(while: Self.isNameByte)
        guard !key.isEmpty else { throw fault("syntax", "A line is a # comment, a [section], or key = value.") }
        skipBlank(acrossLines: false)
        guard peek() == UInt8(ascii: "=") else { throw fault("syntax", "After \(key) there must be = and a value.") }
        position += 1
        skipBlank(acrossLines: false)
        let value = try parseValue(depth: 0)
        guard entries[section]?[key] == nil else {
            throw fault("duplicate", "The key \(key) stands in this section twice.")
        }
        entries[section, default: [:]][key] = SettingsEntry(value: value, origin: origin)
    }

    private mutating func parseValue(depth: Int) throws(SettingsError) -> SettingsValue {
        switch peek() {
        case UInt8(ascii: "\""): return .text(try parseText())
        case UInt8(ascii: "["): return .list(try parseList(depth: depth))
        default:
            let word = take { Self.isNameByte($0) || $0 == UInt8(ascii: "+") }
            if word == "true" { return .flag(true) }
            if word == "false" { return .flag(false) }
            if let number = Self.integer(word) { return .integer(number) }
            throw fault(
                "syntax", "A value is \"text\" in double quotes, a whole number, true, false, or a [list] of these.",
                remedy: word.isEmpty ? "" : "Put \(word) in double quotes if it is text."
            )
        }
    }

    /// A decimal integer of TOML: no leading zeros, and underscores only between digits.
    private static func integer(_ word: String) -> Int64? {
        let digits = word.first == "-" || word.first == "+" ? word.dropFirst() : word[...]
        let groups = digits.split(separator: "_", omittingEmptySubsequences: false)
        guard !groups.contains(""), digits == "0" || digits.first != "0" else { return nil }
        return Int64(word.filter { $0 != "_" })
    }

    private mutating func parseList(depth: Int) throws(SettingsError) -> [SettingsValue] {
        guard depth == 0 else { throw fault("syntax", "A list cannot hold a list.") }
        position += 1
        var items: [SettingsValue] = []
        while true {
            skipBlank(acrossLines: true)
            if peek() == UInt8(ascii: "]") { break }
            items.append(try parseValue(depth: depth + 1))
            skipBlank(acrossLines: true)
            guard peek() == UInt8(ascii: ",") else { break }
            position += 1
        }
        guard peek() == UInt8(ascii: "]") else { throw fault("syntax", "The list is not closed with ].") }
        position += 1
        return items
    }

    private mutating func parseText() throws(SettingsError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek(), byte != UInt8(ascii: "\n") {
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw fault("syntax", "The text is not UTF-8.")
                }
                return string
            }
            guard byte == UInt8(ascii: "\\") else {
                guard byte >= 0x20 || byte == UInt8(ascii: "\t"), byte != 0x7F else {
                    throw fault("syntax", "The text holds a control character.")
                }
                text.append(byte)
                continue
            }
            text.append(try parseEscape())
        }
        throw fault("syntax", "The text is not closed with \" on its line.")
    }

    private mutating func parseEscape() throws(SettingsError) -> UInt8 {
        defer { position += 1 }
        switch peek() {
        case UInt8(ascii: "\""): return UInt8(ascii: "\"")
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        default: throw fault("syntax", #"Only \" \\ \n and \t are known after a backslash."#)
        }
    }

    private mutating func expectEndOfLine() throws(SettingsError) {
        skipBlank(acrossLines: false)
        guard let byte = peek() else { return }
        guard byte == UInt8(ascii: "\n") else {
            throw fault("syntax", "There is something after the value that does not belong there.")
        }
    }

    /// Skips blanks and comments, and line ends where asked to.
    private mutating func skipBlank(acrossLines: Bool) {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "#"): _ = take { $0 != UInt8(ascii: "\n") }
            case UInt8(ascii: "\n") where acrossLines:
                position += 1
                line += 1
            default: return
            }
        }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(while belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = peek(), belongs(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func fault(_ code: String, _ message: String, remedy: String = "") -> SettingsError {
        SettingsError(code, at: "\(file):\(line)", message, remedy: remedy)
    }
}
