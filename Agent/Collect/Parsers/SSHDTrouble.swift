internal import CordonModel
internal import CordonScan

/// sshd's lines about connections that went wrong before anyone tried to log on, and about itself.
enum SSHDTrouble {
    static func read(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var text = text
        if text.take("error: ") || text.take("fatal: ") { event.tag("error") }
        return negotiation(text, &event) || timeout(text, &event) || refused(text, &event) || garbage(text, &event)
            || dropped(text, &event) || mapping(text, &event) || server(text, &event)
    }

    private static func trouble(_ peer: Peer?, _ reason: String, _ event: inout Event) -> Bool {
        guard let peer else { return false }
        event.classify("network", "error", action: "ssh_connection_error", outcome: "failure")
        event.set(.eventReason, reason)
        event.set(peer)
        return true
    }

    /// `Unable to negotiate with ADDRESS port N: no matching … found. Their offer: …`.
    private static func negotiation(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("Unable to negotiate with ") else { return false }
        let peer = Peer.leading(&rest)
        _ = rest.take(": ")
        let reason = rest.firstRange(of: ". Their offer").map { rest[..<$0.lowerBound] } ?? rest
        return trouble(peer, reason.prefix(200).string, &event)
    }

    /// `Timeout before authentication for ADDRESS port N`; since 9.8 `… for connection from ADDRESS to ADDRESS, pid =
    /// N`.
    private static func timeout(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("Timeout before authentication for ") else { return false }
        _ = rest.take("connection from ")
        return trouble(Peer.leading(&rest), "timeout", &event)
    }

    /// `refused connect from NAME (ADDRESS)` of TCP wrappers: the name is from a reverse look-up, the address is not.
    private static func refused(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("refused connect from ") else { return false }
        guard rest.take(last: ")"), let range = rest.lastRange(of: " (") else {
            return trouble(Peer(rest.trimmed), "refused", &event)
        }
        return trouble(Peer(rest[range.upperBound...]), "refused", &event)
    }

    /// What did not speak SSH, or spoke it wrongly.
    private static func garbage(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        let endings: [(StaticString, String)] = [
            ("Did not receive identification string from ", "no_identification"),
            ("Bad protocol version identification ", "bad_identification"),
            ("Protocol major versions differ for ", "bad_identification"),
            ("Magic value check failed ", "bad_handshake"),
        ]
        for (prefix, reason) in endings where text.hasPrefix(prefix) {
            let end = text.lastRange(of: ": ").flatMap { Peer.trailing(text[..<$0.lowerBound]) } ?? Peer.trailing(text)
            let bare = text.lastRange(of: " from ").flatMap { Peer(text[$0.upperBound...]) }
            return trouble(end?.peer ?? bare, reason, &event)
        }
        let starts: [(StaticString, String)] = [
            ("banner exchange: Connection from ", "bad_banner"),
            ("ssh_dispatch_run_fatal: Connection from ", "protocol_error"),
            ("kex protocol error: ", "protocol_error"),
        ]
        for (prefix, reason) in starts {
            var rest = text
            guard rest.take(prefix) else { continue }
            if let peer = Peer.leading(&rest) { return trouble(peer, reason, &event) }
            // With a user before the address the reason is after the last colon.
            let head = rest.lastRange(of: ": ").map { rest[..<$0.lowerBound] } ?? rest
            return trouble(Peer.trailing(head)?.peer, reason, &event)
        }
        return false
    }

    /// `drop connection #10 from [ADDRESS]:PORT on [ADDRESS]:PORT past MaxStartups`, or because of a penalty.
    private static func dropped(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("drop connection #"), rest.takeDecimal() != nil, rest.take(" from [") else { return false }
        let address = rest.word(until: UInt8(ascii: "]"))
        let port = rest.take(":") ? rest.takeDecimal() : nil
        let reason = rest.firstRange(of: "past MaxStartups") == nil ? "penalty" : "max_startups"
        return trouble(Peer(address, port: port), reason, &event)
    }

    /// `Address A maps to NAME, but this does not map back to the address`, `reverse mapping checking getaddrinfo for
    /// NAME [A] failed`.
    private static func mapping(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        if rest.take("Address ") { return trouble(Peer.leading(&rest), "name_mismatch", &event) }
        guard rest.take("reverse mapping checking getaddrinfo for "), let end = rest.lastRange(of: "] failed"),
            let start = rest[..<end.lowerBound].lastRange(of: " [")
        else { return false }
        return trouble(Peer(rest[start.upperBound..<end.lowerBound]), "name_mismatch", &event)
    }

    private static func server(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        let forms: [(StaticString, String, String)] = [
            ("Server listening on ", "start", "sshd_listening"), ("Received signal ", "end", "sshd_stopping"),
            ("Authentication refused: ", "denied", "ssh_keys_refused"),
            ("beginning MaxStartups throttling", "info", "sshd_throttling"),
            ("subsystem request for ", "info", "ssh_subsystem"), ("User child is on pid ", "info", "ssh_child"),
        ]
        for (prefix, type, action) in forms where text.hasPrefix(prefix) {
            event.classify(type == "denied" ? "authentication" : "process", type, action: action)
            if type == "denied" { event.set(.eventOutcome, "failure") }
            return true
        }
        return false
    }
}
