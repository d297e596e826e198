/// Something that can be seen again elsewhere: an address, a user, a process. Kinds follow STIX 2.1 §6 cyber-observable types.
package struct Observable: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case ipv4 = "ipv4-addr"
        case ipv6 = "ipv6-addr"
        case domain = "domain-name"
        case user = "user-account"
        case process
        case file
        case host
    }

    package let kind: Kind
    /// Canonical text: an address as RFC 5952, a name as it was seen. Hostile: escape it where it is shown.
    package let value: String

    package init(kind: Kind, value: String) {
        self.kind = kind
        self.value = value
    }

    /// The address, of the kind that fits its family.
    package init(_ address: IPAddress) {
        switch address {
        case .v4: kind = .ipv4
        case .v6: kind = .ipv6
        }
        value = "\(address)"
    }
}
