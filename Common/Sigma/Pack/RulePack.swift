/// Rules and correlations as they travel: made at the controller from YAML, evaluated by whoever receives them. Who signs
/// and checks the bytes is another matter; reading them refuses what ``encoded()`` would not have written.
package struct RulePack: Sendable, Hashable {
    /// What people call it.
    package var name: String
    /// Rises with every change; of one name, the higher is the newer.
    package var version: UInt64
    package var rules: [SigmaRule]
    package var correlations: [CorrelationRule]

    package init(name: String, version: UInt64, rules: [SigmaRule], correlations: [CorrelationRule] = []) {
        (self.name, self.version) = (name, version)
        (self.rules, self.correlations) = (rules, correlations)
    }

    /// What a pack may be at most.
    package enum Limits {
        package static let bytes = 32 << 20
        package static let rules = 20_000
        package static let correlations = 5_000
        /// Bytes of one text.
        static let text = 64 << 10
        /// Elements of one list.
        static let list = 10_000
        /// Parts of one rule's condition, and levels.
        static let nodes = 20_000
        static let depth = 48
    }

    /// `CRP` and the format's number.
    private static let mark: [UInt8] = [0x43, 0x52, 0x50, 1]

    /// The bytes: one way only to write a pack.
    ///
    /// - Throws: ``SigmaError`` `sigma.pack` when it is larger than ``Limits``.
    package func encoded() throws(SigmaError) -> [UInt8] {
        var writer = PackWriter(bytes: Self.mark)
        try write(to: &writer)
        guard writer.bytes.count <= Limits.bytes else { throw .pack("is larger than \(Limits.bytes) bytes") }
        return writer.bytes
    }

    private func write(to writer: inout PackWriter) throws(SigmaError) {
        guard rules.count <= Limits.rules, correlations.count <= Limits.correlations else {
            throw .pack("has more rules or correlations than are allowed")
        }
        try writer.put(name)
        writer.put(version)
        writer.put(UInt64(rules.count))
        for rule in rules { try writer.put(rule) }
        writer.put(UInt64(correlations.count))
        for correlation in correlations { try writer.put(correlation) }
    }

    /// Reads a pack, whole or not at all.
    ///
    /// - Throws: ``SigmaError`` `sigma.pack` for anything that ``encoded()`` would not have written, one id twice, a
    ///   regular expression that does not compile, or correlations that do not go together.
    package init(_ bytes: [UInt8]) throws {
        guard bytes.count <= Limits.bytes else { throw SigmaError.pack("is larger than \(Limits.bytes) bytes") }
        guard bytes.starts(with: Self.mark) else { throw SigmaError.pack("is none, or of a newer format") }
        var reader = PackReader(bytes, from: Self.mark.count)
        try self.init(&reader)
        guard reader.isAtEnd else { throw SigmaError.pack("goes on after its end") }
        // Numbers, lists and patterns have one spelling only.
        guard try encoded() == bytes else { throw SigmaError.pack("is not written as packs are") }
        guard Set(rules.map(\.id)).count == rules.count else { throw SigmaError.pack("has two rules of one id") }
        _ = try SigmaEngine(rules)
        _ = try SigmaCorrelator(correlations, rules: rules.map(\.id))
    }

    private init(_ reader: inout PackReader) throws(SigmaError) {
        name = try reader.text()
        version = try reader.number()
        (rules, correlations) = ([], [])
        for _ in 0..<(try reader.count(Limits.rules)) { rules.append(try reader.rule()) }
        for _ in 0..<(try reader.count(Limits.correlations)) { correlations.append(try reader.correlation()) }
    }
}

extension SigmaError {
    static func pack(_ reason: String) -> SigmaError {
        SigmaError("pack", "The rule pack \(reason).", remedy: "Compile it anew at the controller.")
    }
}
