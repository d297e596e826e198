internal import ControllerIntake
internal import CordonModel

/// The terms under which an event is found. They are made of `[a-z0-9]` alone, so that the index takes them as they are:
/// whatever else stands in a value becomes `z`. Two values may so share a term; the search looks at each event it finds,
/// therefore a term may promise too much and never too little.
enum EventTerms {
    /// Bytes of a value or word that its term keeps.
    private static let longest = 48
    /// Terms of one event; what it has beyond is not found by the index: `rest` says so.
    private static let most = 512
    /// Stands on an event with more terms than are kept: it is looked at by every search.
    static let rest = "zrest"

    /// All terms of an event, separated by spaces.
    static func text(of event: Event, agent: AgentID) -> String {
        var terms: Set<String> = [host(agent)]
        for (name, value) in event.fields.named {
            guard terms.count < most else { break }
            let code = code(of: name)
            terms.insert(code + "e")
            switch value {
            case .texts(let texts): for text in texts where terms.count < most { add(text, code, to: &terms) }
            default: add(value.plain, code, to: &terms)
            }
        }
        for word in words(of: event.original) where terms.count < most { terms.insert(word) }
        if terms.count >= most { terms.insert(rest) }
        return terms.joined(separator: " ")
    }

    private static func add(_ text: String, _ code: String, to terms: inout Set<String>) {
        terms.insert(code + "v" + folded(text.utf8))
        if let address = IPAddress(text) { terms.insert(code + self.address(address)) }
    }

    static func host(_ agent: AgentID) -> String { "h" + HexDigit.text(agent.uuid.bytes) }

    /// What stands before every term of a field: FNV-1a of its name, 32 bits.
    static func code(of field: String) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in field.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return "f" + HexDigit.text((0..<4).map { UInt8(truncatingIfNeeded: hash >> (24 - 8 * $0)) })
    }

    static func address(_ address: IPAddress) -> String {
        (address.width == 32 ? "a" : "b") + HexDigit.text(address.bytes)
    }

    /// A value as a term spells it.
    static func folded(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.prefix(longest).map(fold), as: UTF8.self)
    }

    private static func fold(_ byte: UInt8) -> UInt8 {
        byte < 128 && byte.isWordByte ? byte.asciiLowercased : UInt8(ascii: "z")
    }

    /// The words of a line, each `w` and its letters and digits.
    static func words(of text: String) -> [String] {
        text.utf8.lazy.split { !$0.isWordByte }.map { "w" + folded($0) }
    }

    /// The term that begins so many bytes of a value, and whether it is cut: what was cut off must not be asked for.
    static func head(_ bytes: [UInt8]) -> (term: String, isCut: Bool) { (folded(bytes), bytes.count >= longest) }
}
