/// A text with `*` (any run) and `?` (one byte), ASCII letter case ignored; linear but for runs.
struct Pattern: Sendable {
    private let pattern: [UInt8]

    init(_ text: String) { pattern = text.utf8.map(Self.lower) }

    func matches(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8.map(Self.lower)
        var (p, t) = (0, 0)
        var retry: (p: Int, t: Int)?
        while t < bytes.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                retry = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == bytes[t] {
                p += 1
                t += 1
            } else if let last = retry {
                retry = (last.p, last.t + 1)
                (p, t) = (last.p + 1, last.t + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }
}

extension [String: String] {
    /// Whether the row's value fits the question's parameter of that name; where none is given anything fits.
    func fits(_ name: String, in parameters: [String: String]) -> Bool {
        guard let wanted = parameters[name] else { return true }
        return Pattern(wanted).matches(self[name] ?? "")
    }
}
