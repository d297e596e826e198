package import CordonModel

/// Where the controller listens for agents: a DNS name or an address, and a port.
package struct ControllerAddress: Sendable, Hashable, CustomStringConvertible {
    /// A DNS name, or an address as text without brackets.
    package let host: String
    package let port: UInt16

    /// Reads `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 260, let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port > 0
        else {
            return nil
        }
        if let endpoint = Endpoint(text) {
            host = "\(endpoint.address)"
        } else {
            let name = text[..<colon].lowercased()
            guard Self.isName(name) else { return nil }
            host = name
        }
        self.port = port
    }

    /// The address, where the host is one.
    package var address: IPAddress? { IPAddress(host) }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Letters, digits, hyphens and dots (RFC 1123 §2.1), not only digits and dots: that would be a mistyped address.
    private static func isName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...253).contains(name.utf8.count), let last = labels.last else { return false }
        let isFine = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        }
        return isFine && !last.utf8.allSatisfy { (48...57).contains($0) }
    }
}
