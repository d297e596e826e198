internal import CordonMatch

/// One event as rules see it: which log sources it is of, and a flat list of named values. A name that stands more than
/// once is a list. All text lies in one buffer, so that making a record costs few allocations and matching none.
package struct SigmaRecord: Sendable {
    /// The log sources it counts as; a rule applies when it names nothing that one of them has otherwise. One that names
    /// nothing admits the rules that name nothing.
    package var logSources: [LogSource]
    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []

    /// One value.
    struct Entry: Sendable {
        /// `nil` for text that only keywords look at.
        var name: FieldName?
        var kind: Kind
        /// The text as it is.
        var raw: Range<Int>
        /// The text as matching that ignores case wants it: the same place where it is ASCII, otherwise a folded copy.
        var folded: Range<Int>
        var isKeyword: Bool
    }

    enum Kind: Sendable, Hashable {
        /// Text, and numbers and booleans as text: Sigma's values are texts.
        case text
        case null
        /// An object or a list without elements: it is there, and has no value of its own.
        case container
    }

    package init(logSources: [LogSource] = [LogSource()]) { self.logSources = logSources }

    /// Makes room, where it is known how much comes.
    package mutating func reserve(entries: Int, bytes: Int) {
        self.entries.reserveCapacity(entries)
        self.bytes.reserveCapacity(bytes)
    }

    // MARK: - Filling

    /// Adds a text; with `isKeyword`, keywords look at it too.
    package mutating func add(_ name: FieldName, _ text: String, isKeyword: Bool = false) {
        let raw = append(text)
        entries.append(Entry(name: name, kind: .text, raw: raw, folded: folded(raw), isKeyword: isKeyword))
    }

    /// Adds a whole number, as its decimal text.
    package mutating func add(_ name: FieldName, _ number: Int64, isKeyword: Bool = false) {
        let raw = append(number)
        entries.append(Entry(name: name, kind: .text, raw: raw, folded: raw, isKeyword: isKeyword))
    }

    /// Adds `true` or `false`, as text.
    package mutating func add(_ name: FieldName, _ flag: Bool, isKeyword: Bool = false) {
        add(name, flag ? "true" : "false", isKeyword: isKeyword)
    }

    /// Gives the value at a place another name besides.
    mutating func alias(_ place: Int, _ name: FieldName) {
        var entry = entries[place]
        (entry.name, entry.isKeyword) = (name, false)
        entries.append(entry)
    }

    /// Adds a null.
    package mutating func addNull(_ name: FieldName) { addValueless(name, .null) }

    /// Adds that there is an object, or a list without elements.
    package mutating func addContainer(_ name: FieldName) { addValueless(name, .container) }

    /// Adds text that has no field of its own, as the whole line, for keywords.
    package mutating func addKeywords(_ text: String) {
        let raw = append(text)
        entries.append(Entry(name: nil, kind: .text, raw: raw, folded: folded(raw), isKeyword: true))
    }

    private mutating func addValueless(_ name: FieldName, _ kind: Kind) {
        let nowhere = bytes.count..<bytes.count
        entries.append(Entry(name: name, kind: kind, raw: nowhere, folded: nowhere, isKeyword: false))
    }

    private mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        var text = text
        text.withUTF8 { utf8 in unsafe bytes.append(contentsOf: utf8) }
        return start..<bytes.count
    }

    private mutating func append(_ number: Int64) -> Range<Int> {
        let start = bytes.count
        var rest = number.magnitude
        repeat {
            bytes.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes[start...].reverse()
        return start..<bytes.count
    }

    private mutating func folded(_ raw: Range<Int>) -> Range<Int> {
        guard !isASCII(raw) else { return raw }
        let start = bytes.count
        bytes.append(contentsOf: Folding.fold(String(decoding: bytes[raw], as: UTF8.self)))
        return start..<bytes.count
    }

    private func isASCII(_ range: Range<Int>) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var all: UInt8 = 0
            for index in range { unsafe all |= bytes[index] }
            return all < 0x80
        }
    }

    // MARK: - Looking

    /// The texts of a field's values, in order; nulls are left out.
    package func texts(_ name: FieldName) -> [String] {
        entries.filter { $0.name == name && $0.kind == .text }.map(text)
    }

    func text(_ entry: Entry) -> String { String(decoding: bytes[entry.raw], as: UTF8.self) }
}
