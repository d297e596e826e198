/// An address and a prefix length (CIDR, RFC 4632), host bits zero. A single address is a network of full width.
package struct Network: Sendable, Hashable, CustomStringConvertible {
    /// The lowest address.
    package let address: IPAddress
    /// Leading bits that count: 0 to 32 or 128.
    package let prefix: Int

    /// The network that the address lies in; `nil` when the prefix is longer than the address.
    package init?(_ address: IPAddress, prefix: Int) {
        guard (0...address.width).contains(prefix) else { return nil }
        self.address = address.masked(prefix)
        self.prefix = prefix
    }

    /// That address alone.
    package init(_ address: IPAddress) {
        self.address = address
        prefix = address.width
    }

    /// Reads `address` or `address/prefix`. Host bits that are set are an error, not a guess: `nil`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(address)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let prefix = Int(parts[1]),
            prefix <= address.width, address.masked(prefix) == address
        else { return nil }
        self.init(address, prefix: prefix)
    }

    /// Whether it is one address.
    package var isSingleAddress: Bool { prefix == address.width }

    /// The highest address.
    package var last: IPAddress {
        switch address {
        case .v4(let word): .v4(prefix == 32 ? word : word | UInt32.max >> UInt32(prefix))
        case .v6(let high, let low):
            prefix >= 64
                ? .v6(high: high, low: prefix == 128 ? low : low | UInt64.max >> UInt64(prefix - 64))
                : .v6(high: high | UInt64.max >> UInt64(prefix), low: .max)
        }
    }

    /// Whether the address lies in it; never across families.
    package func contains(_ other: IPAddress) -> Bool {
        other.width == address.width && other.masked(prefix) == address
    }

    /// Whether the two share an address.
    package func overlaps(_ other: Network) -> Bool { contains(other.address) || other.contains(address) }

    /// `192.0.2.7` for one address, `192.0.2.0/24` otherwise.
    package var description: String { isSingleAddress ? "\(address)" : "\(address)/\(prefix)" }
}

extension Network: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let network = Network(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an address or CIDR network")
        }
        self = network
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension IPAddress {
    /// The address with all bits after the prefix cleared.
    fileprivate func masked(_ prefix: Int) -> IPAddress {
        switch self {
        case .v4(let word): .v4(prefix == 0 ? 0 : word & UInt32.max << UInt32(32 - prefix))
        case .v6(let high, let low):
            prefix >= 64
                ? .v6(high: high, low: prefix == 64 ? 0 : low & UInt64.max << UInt64(128 - prefix))
                : .v6(high: prefix == 0 ? 0 : high & UInt64.max << UInt64(64 - prefix), low: 0)
        }
    }
}

/// An address and a TCP port, as `192.0.2.1:7443` or `[2001:db8::1]:7443`.
package struct Endpoint: Sendable, Hashable, Codable, CustomStringConvertible {
    package let address: IPAddress
    package let port: UInt16

    package init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Reads the form that `description` writes; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let address = IPAddress(host) else { return nil }
        self.address = address
        self.port = port
    }

    package var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let endpoint = Endpoint(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an address:port")
        }
        self = endpoint
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
