internal import CordonModel

/// A right of capabilities(7), by its bit.
enum Capability: Int, Sendable, CaseIterable {
    case dacOverride = 1
    case dacReadSearch = 2
    case sysPtrace = 19

    /// Whether this process has it.
    var isHeld: Bool {
        let lines = SmallFile.read("/proc/self/status", limit: 8192)?.split(separator: UInt8(ascii: "\n")) ?? []
        guard let line = lines.first(where: { $0.starts(with: "CapEff:".utf8) }),
            let rights = UInt64(AuditText.text(line.dropFirst(7).drop { $0 == 0x09 || $0 == 0x20 }), radix: 16)
        else { return false }
        return rights >> UInt64(rawValue) & 1 == 1
    }
}
