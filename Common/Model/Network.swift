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
        // An IPv4-mapped address is 96 bits further to the left than the IPv4 address that it means.
        let shift = address.width == 32 && parts[0].contains(":") ? 96 : 0
        guard let length = decimal(parts[1]), length >= shift, length - shift <= address.width,
            address.masked(length - shift) == address
        else { return nil }
        self.init(address, prefix: length - shift)
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
        guard let colon = text.lastIndex(of: ":"), let number = decimal(text[text.index(after: colon)...]),
            let port = UInt16(exactly: number), port > 0
        else { return nil }
        var host = text[..<colon]
        let isBracketed = host.first == "[" && host.last == "]"
        if isBracketed { host = host.dropFirst().dropLast() }
        guard host.contains(":") == isBracketed, let address = IPAddress(host) else { return nil }
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

/// A number of one to five digits without sign or leading zeros; `nil` for anything else.
private func decimal(_ text: some StringProtocol) -> Int? {
    let digits = Array(text.utf8)
    guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
        digits.count == 1 || digits.first != 0x30
    else { return nil }
    return Int(text)
}
