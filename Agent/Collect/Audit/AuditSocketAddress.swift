internal import CordonModel

/// What the kernel's `saddr` says: a `sockaddr` in hexadecimal.
enum AuditSocketAddress: Sendable, Hashable {
    case internet(IPAddress, port: Int64)
    /// A path, or a name of the abstract namespace with `@` for its first byte.
    case local(String)
    /// Another family, by the kernel's number, as 16 for netlink.
    case other(Int)

    /// `nil` for what is no address. Numbers are little-endian, as on every architecture that is named here.
    init?(_ hexadecimal: [UInt8]) {
        guard let bytes = AuditText.decoded(hexadecimal[...]), bytes.count >= 2 else { return nil }
        let family = Int(bytes[0]) | Int(bytes[1]) << 8
        switch family {
        case 1:
            guard let name = Self.name(bytes[2...]) else { return nil }
            self = .local(name)
        case 2:
            guard bytes.count >= 8, let address = IPAddress(bytes: bytes[4..<8]) else { return nil }
            self = .internet(address, port: Self.port(bytes))
        case 10:
            guard bytes.count >= 24, let address = IPAddress(bytes: bytes[8..<24]) else { return nil }
            self = .internet(address, port: Self.port(bytes))
        default:
            self = .other(family)
        }
    }

    private static func port(_ bytes: [UInt8]) -> Int64 { Int64(bytes[2]) << 8 | Int64(bytes[3]) }

    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let first = bytes.first else { return nil }
        let isAbstract = first == 0
        let name = (isAbstract ? bytes.dropFirst() : bytes).prefix { $0 != 0 }
        return name.isEmpty ? nil : (isAbstract ? "@" : "") + AuditText.text(name)
    }
}
