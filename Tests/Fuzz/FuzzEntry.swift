/// A part of ours that is fed with any bytes, and what must hold whatever they are.
struct FuzzEntry: Sendable {
    let name: String
    /// Seeds that are better made than written down, as frames with their sums.
    let made: @Sendable () throws -> [[UInt8]]
    /// Throws where something does not hold; a trap is a find too, and so is what takes long.
    let run: @Sendable ([UInt8]) throws -> Void

    init(
        name: String, made: @escaping @autoclosure @Sendable () throws -> [[UInt8]] = [],
        run: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        (self.name, self.made, self.run) = (name, made, run)
    }

    static let all: [FuzzEntry] =
        logs + audit + scanning + settings + search + matching + sigma + spool + wire + enforcer + looks + playbooks
        + words

    static let names = all.map(\.name).sorted()
}

/// A sentence that was found to be untrue.
struct Untrue: Error, CustomStringConvertible {
    let description: String
}

/// Throws unless it is so.
func hold(_ isSo: Bool, _ sentence: @autoclosure () -> String) throws {
    guard isSo else { throw Untrue(description: sentence()) }
}

/// Throws unless both are the same.
func same<Value: Equatable>(_ left: Value, _ right: Value, _ sentence: String) throws {
    try hold(left == right, "\(sentence)\n  \(left)\n  \(right)")
}

/// Takes choices off an input, for entries that do something with steps; zeros when it is used up.
struct Choices {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// From 0 to 65,535.
    mutating func number() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// At most so many bytes; fewer at the end.
    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
