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

    /// All terms of an event, separated by spaces; one may come twice, which the index does not mind.
    static func text(of event: Event, agent: AgentID) -> String {
        var terms = Writing()
        terms.add { $0 += Self.host(agent).utf8 }
        for (field, value) in event.fields { terms.add(field.rawValue, value) }
        for (name, value) in event.fields.others { terms.add(name, value) }
        terms.addWords(of: event.original)
        return terms.text
    }

    /// Terms on their way to the index: bytes, for there are about fifty to an event.
    private struct Writing {
        private var bytes: [UInt8] = []
        private var count = 0

        init() { bytes.reserveCapacity(2048) }

        var text: String { String(decoding: bytes, as: UTF8.self) + (count < most ? "" : rest) }

        /// Adds the term that the closure writes, unless there are too many.
        mutating func add(_ write: (inout [UInt8]) -> Void) {
            guard count < most else { return }
            count += 1
            write(&bytes)
            bytes.append(UInt8(ascii: " "))
        }

        mutating func add(_ name: String, _ value: FieldValue) {
            let code = codeBytes(of: name)
            add {
                $0 += code
                $0.append(UInt8(ascii: "e"))
            }
            switch value {
            case .text(let text): add(text, code)
            case .texts(let texts): for text in texts { add(text, code) }
            case .number, .flag: add(value.plain, code)
            }
        }

        private mutating func add(_ text: String, _ code: [UInt8]) {
            add {
                $0 += code
                $0.append(UInt8(ascii: "v"))
                for byte in text.utf8.prefix(longest) { $0.append(fold(byte)) }
            }
            guard mayBeAddress(text), let address = IPAddress(text) else { return }
            add { $0 += code + Array(EventTerms.address(address).utf8) }
        }

        /// Nearly all values are none, and reading one as an address costs more than this look.
        private func mayBeAddress(_ text: String) -> Bool {
            guard text.utf8.count <= 45, let first = text.utf8.first else { return false }
            return first == UInt8(ascii: ":") || HexDigit.value(first) != nil
        }

        /// The words of a line, each `w` and its letters and digits.
        mutating func addWords(of text: String) {
            var length = 0
            for byte in text.utf8 {
                guard byte.isWordByte else {
                    if length > 0 { bytes.append(UInt8(ascii: " ")) }
                    length = 0
                    continue
                }
                if length == 0 {
                    guard count < most else { return }
                    count += 1
                    bytes.append(UInt8(ascii: "w"))
                }
                if length < longest { bytes.append(fold(byte)) }
                length += 1
            }
            if length > 0 { bytes.append(UInt8(ascii: " ")) }
        }
    }

    static func host(_ agent: AgentID) -> String { "h" + HexDigit.text(agent.uuid.bytes) }

    /// What stands before every term of a field: FNV-1a of its name, 32 bits.
    static func code(of field: String) -> String { String(decoding: codeBytes(of: field), as: UTF8.self) }

    private static func codeBytes(of field: String) -> [UInt8] {
        var hash: UInt32 = 2_166_136_261
        for byte in field.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        var code: [UInt8] = [UInt8(ascii: "f")]
        code.reserveCapacity(9)
        for shift in stride(from: UInt32(28), through: 0, by: -4) {
            code.append(HexDigit.digit(UInt8(hash >> shift & 15)))
        }
        return code
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

    /// The term that begins so many bytes of a value, and whether it is cut: what was cut off must not be asked for.
    static func head(_ bytes: [UInt8]) -> (term: String, isCut: Bool) { (folded(bytes), bytes.count >= longest) }
}
