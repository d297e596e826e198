internal import CordonMatch
internal import CordonModel

/// Reads what ``PackWriter`` writes, within the limits of ``RulePack``. The bytes are hostile.
struct PackReader {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from position: Int) { (self.bytes, self.position) = (bytes, position) }

    var isAtEnd: Bool { position == bytes.count }

    private mutating func byte() throws(SigmaError) -> UInt8 {
        guard position < bytes.count else { throw .pack("ends too early") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() throws(SigmaError) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            let byte = try byte()
            number |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return number }
        }
        let last = try byte()
        guard last <= 1 else { throw .pack("has a number that is too large") }
        return number | UInt64(last) << 63
    }

    mutating func count(_ most: Int = RulePack.Limits.list) throws(SigmaError) -> Int {
        // Every element takes a byte at least, so that a small pack cannot ask for much room.
        guard let count = Int(exactly: try number()), count <= most, count <= bytes.count - position else {
            throw .pack("has a list or text that is too long")
        }
        return count
    }

    mutating func flag() throws(SigmaError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw .pack("has a yes or no that is neither")
        }
    }

    mutating func double() throws(SigmaError) -> Double {
        var bits: UInt64 = 0
        for _ in 0..<8 { bits = bits << 8 | UInt64(try byte()) }
        let number = Double(bitPattern: bits)
        guard number.isFinite else { throw .pack("has a number that is none") }
        return number
    }

    mutating func text() throws(SigmaError) -> String {
        let length = try count(RulePack.Limits.text)
        defer { position += length }
        guard let text = String(validating: bytes[position..<(position + length)], as: UTF8.self) else {
            throw .pack("has a text that is not UTF-8")
        }
        return text
    }

    mutating func optionalText() throws(SigmaError) -> String? { try flag() ? try text() : nil }

    mutating func texts() throws(SigmaError) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try count()) { texts.append(try text()) }
        return texts
    }

    private mutating func whole() throws(SigmaError) -> Int {
        guard let number = Int(exactly: try number()) else { throw .pack("has a number that is too large") }
        return number
    }

    private mutating func choice<Choice: CaseIterable>(
        _ type: Choice.Type = Choice.self
    ) throws(SigmaError) -> Choice where Choice.AllCases == [Choice] {
        let number = try number()
        guard number < UInt64(Choice.allCases.count) else { throw .pack("has a word that is not known") }
        return Choice.allCases[Int(number)]
    }

    // MARK: - Rules

    mutating func rule() throws(SigmaError) -> SigmaRule {
        let (id, name, title, author) = (try text(), try optionalText(), try text(), try optionalText())
        let level = try choice(SigmaRule.Level.self)
        let status = try flag() ? try choice(SigmaRule.Status.self) : nil
        let summary = try optionalText()
        let (tags, references, falsePositives) = (try texts(), try texts(), try texts())
        let logSource = LogSource(
            product: try optionalText(), category: try optionalText(), service: try optionalText())
        var nodes = 0
        return SigmaRule(
            id: id, name: name, title: title, author: author, level: level, status: status, summary: summary,
            tags: tags,
            references: references, falsePositives: falsePositives, logSource: logSource,
            condition: try condition(depth: 0, &nodes))
    }

    private mutating func condition(depth: Int, _ nodes: inout Int) throws(SigmaError) -> Condition {
        nodes += 1
        guard depth <= RulePack.Limits.depth, nodes <= RulePack.Limits.nodes else {
            throw .pack("has a condition that is too large")
        }
        switch try number() {
        case 0: return .all(try conditions(depth, &nodes))
        case 1: return .any(try conditions(depth, &nodes))
        case 2: return .not(try condition(depth: depth + 1, &nodes))
        case 3: return .field(try text(), try test())
        case 4: return .keyword(try pattern(), isCased: try flag())
        default: throw .pack("has a condition that is not known")
        }
    }

    private mutating func conditions(_ depth: Int, _ nodes: inout Int) throws(SigmaError) -> [Condition] {
        var parts: [Condition] = []
        for _ in 0..<(try count()) { parts.append(try condition(depth: depth + 1, &nodes)) }
        return parts
    }

    private mutating func test() throws(SigmaError) -> ValueTest {
        switch try number() {
        case 0: return .pattern(try pattern(), isCased: try flag())
        case 1:
            let source = try text()
            guard let options = UInt8(exactly: try number()), options < 8 else { throw .pack("has an unknown option") }
            return .expression(RegularExpression(source, options: RegularExpressionOptions(rawValue: options)))
        case 2:
            guard let network = Network(try text()) else { throw .pack("has a network that is none") }
            return .network(network)
        case 3: return .number(try choice(), try double())
        case 4: return .time(try choice(), try choice(), try whole())
        case 5: return .exists(try flag())
        case 6: return .isNull
        case 7: return .field(try text(), try choice(), isCased: try flag())
        default: throw .pack("has a test that is not known")
        }
    }

    private mutating func pattern() throws(SigmaError) -> Wildcards {
        var parts: [Wildcards.Part] = []
        for _ in 0..<(try count()) {
            switch try number() {
            case 0: parts.append(.literal(try text()))
            case 1: parts.append(.anyRun)
            case 2: parts.append(.anyOne)
            default: throw .pack("has a wildcard that is not known")
            }
        }
        return Wildcards(parts)
    }

    // MARK: - Correlations

    mutating func correlation() throws(SigmaError) -> CorrelationRule {
        CorrelationRule(
            id: try text(), name: try optionalText(), title: try text(), author: try optionalText(),
            level: try choice(), tags: try texts(), kind: try kind(), rules: try texts(), groupBy: try texts(),
            timespan: try whole(), conditions: try bounds(), aliases: try aliases(), generatesBaseAlerts: try flag())
    }

    private mutating func kind() throws(SigmaError) -> CorrelationRule.Kind {
        switch try number() {
        case 0: return .eventCount
        case 1: return .valueCount(try texts())
        case 2: return .temporal
        case 3: return .temporalOrdered
        case 4: return .valueSum(try text())
        case 5: return .valueAverage(try text())
        case 6: return .valuePercentile(try text(), percentile: try double())
        default: throw .pack("has a correlation that is not known")
        }
    }

    private mutating func bounds() throws(SigmaError) -> [CorrelationRule.Bound] {
        var bounds: [CorrelationRule.Bound] = []
        for _ in 0..<(try count()) { bounds.append(CorrelationRule.Bound(try choice(), try double())) }
        return bounds
    }

    private mutating func aliases() throws(SigmaError) -> [String: [String: String]] {
        var aliases: [String: [String: String]] = [:]
        for _ in 0..<(try count()) {
            let alias = try text()
            for _ in 0..<(try count()) {
                let name = try text()
                aliases[alias, default: [:]][name] = try text()
            }
        }
        return aliases
    }
}
