internal import CordonModel
internal import CordonScan

/// The other end of a connection, as sshd writes it.
///
/// A user's name is chosen by the attacker and may hold ` from 192.0.2.1 port 22 ssh2`. What sshd itself writes comes
/// after it, so every look starts at the end of the line.
struct Peer: Sendable, Hashable {
    var host: String
    var address: IPAddress?
    var port: Int64?

    /// An address or host name alone; `nil` for what can be neither.
    init?(_ word: ArraySlice<UInt8>, port: Int64? = nil) {
        var word = word
        if word.take("[") { guard word.take(last: "]") else { return nil } }
        // A link-local address carries its interface (RFC 4007 §11).
        let plain = word.prefix { $0 != UInt8(ascii: "%") }
        guard (1...255).contains(word.count), !word.contains(0x20) else { return nil }
        address = IPAddress(plain.string)
        guard address != nil || Self.isName(word) else { return nil }
        host = address.map { "\($0)" } ?? word.string
        self.port = port
    }

    private static func isName(_ word: ArraySlice<UInt8>) -> Bool {
        word.allSatisfy { byte in
            byte.isDigit || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
    }

    /// `… ADDRESS port N` at the end; returns what stands before it.
    static func trailing(_ text: ArraySlice<UInt8>) -> (before: ArraySlice<UInt8>, peer: Peer)? {
        guard let range = text.lastRange(of: " port "), let port = text[range.upperBound...].decimal, port <= 65_535
        else {
            return nil
        }
        let head = text[..<range.lowerBound]
        let start = head.lastIndex(of: 0x20).map { $0 + 1 } ?? head.startIndex
        guard let peer = Peer(head[start...], port: port), peer.address != nil else { return nil }
        return (head[..<start], peer)
    }

    /// `ADDRESS port N` at the start; takes it off.
    static func leading(_ text: inout ArraySlice<UInt8>) -> Peer? {
        var rest = text
        let word = rest.word()
        guard let peer = Peer(word), peer.address != nil else { return nil }
        guard rest.take("port "), let port = rest.takeDecimal(), port <= 65_535 else {
            text = rest
            return peer
        }
        text = rest
        return Peer(word, port: port)
    }

    /// `USER from ADDRESS port N` at the end, or without a port as old versions write.
    static func userFrom(_ text: ArraySlice<UInt8>) -> (user: ArraySlice<UInt8>, peer: Peer)? {
        if let (before, peer) = trailing(text) {
            var user = before
            guard user.take(last: " from ") || user.take(last: "from ") else { return nil }
            return (user, peer)
        }
        guard let range = text.lastRange(of: " from "), let peer = Peer(text[range.upperBound...]), peer.address != nil
        else {
            return nil
        }
        return (text[..<range.lowerBound], peer)
    }
}
