internal import CordonModel
internal import CordonScan

/// What OpenSSH's server writes, of versions 7 to 10 (`sshd`, `sshd-session`, `sshd-auth`).
///
/// A finished try to log on has `event.action` = `ssh_login` and an outcome; the forms are those of `auth.c`,
/// `packet.c` and `sshd.c`.
enum SSHDMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.set(.eventProvider, "sshd")
        event.set(.eventDataset, "system.auth")
        event.set(.networkProtocol, "ssh")
        var text = message.trimmed
        if PAMMessage.read(text, into: &event) { return }
        let beforeLogin = text.take(last: " [preauth]")
        let understood =
            login(text, &event) || invalidUser(text, &event) || ending(text, beforeLogin, &event)
            || refusal(text, &event)
            || session(text, &event) || SSHDTrouble.read(text, &event)
        if !understood { event.classify("network", "info", action: "ssh_message") }
    }

    // MARK: - Accepted, failed

    /// `Accepted METHOD for USER from ADDRESS port N ssh2[: KEY]`, `Failed METHOD for [invalid user ]USER from …`.
    private static func login(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        let outcome: String?
        if rest.take("Accepted ") {
            outcome = "success"
        } else if rest.take("Failed ") {
            outcome = "failure"
        } else if rest.take("Postponed ") || rest.take("Partial ") {
            outcome = nil
        } else {
            return false
        }
        let method = rest.word()
        guard method.count <= 64, rest.take("for ") else { return false }
        event.classify(
            "authentication", "start", action: outcome == nil ? "ssh_login_step" : "ssh_login", outcome: outcome)
        event.set(.sshMethod, method.string)
        if rest.take("invalid user ") { event.set(.eventReason, "invalid_user") }
        let readings = readings(rest, hasKey: method.hasPrefix("publickey") || method.hasPrefix("hostbased"))
        guard let reading = readings.last, readings.count == 1 else {
            if readings.count > 1 { event.tag(Normalizer.ambiguous) }
            return true
        }
        event.set(.userName, reading.user)
        event.set(reading.peer)
        event.set(.sshSignature, reading.key)
        return true
    }

    private struct Reading {
        var user: ArraySlice<UInt8>
        var peer: Peer
        var key: ArraySlice<UInt8>?
    }

    /// All ways to read `USER from ADDRESS port N ssh2[: KEY]`. Without a key the address ends the line, so there is
    /// one. With one, a certificate's identity is the peer's to choose as the user's name is: where that makes two
    /// ways, nobody can tell which is true.
    private static func readings(_ text: ArraySlice<UInt8>, hasKey: Bool) -> [Reading] {
        if let (user, peer) = userFrom(text) { return [Reading(user: user, peer: peer)] }
        guard hasKey else { return [] }
        var readings: [Reading] = []
        var start = text.startIndex
        while let range = text[start...].firstRange(of: " ssh2: ") {
            let key = text[range.upperBound...]
            if isKey(key), let (user, peer) = Peer.userFrom(text[..<range.lowerBound]) {
                readings.append(Reading(user: user, peer: peer, key: key))
            }
            start = range.upperBound
        }
        return readings
    }

    private static func userFrom(_ text: ArraySlice<UInt8>) -> (user: ArraySlice<UInt8>, peer: Peer)? {
        var text = text
        guard text.take(last: " ssh2") || text.take(last: " ssh1") else { return nil }
        return Peer.userFrom(text)
    }

    /// `ED25519 SHA256:…`, `RSA-CERT SHA256:… ID …`.
    private static func isKey(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        let type = rest.word()
        return (2...32).contains(type.count)
            && (rest.hasPrefix("SHA256:") || rest.hasPrefix("MD5:") || rest.hasPrefix("SHA512:"))
    }

    /// `Invalid user USER from ADDRESS port N`.
    private static func invalidUser(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        if rest.take("input_userauth_request: invalid user ") {
            event.classify("authentication", "info", action: "ssh_invalid_user", outcome: "failure")
            event.set(.userName, rest)
            return true
        }
        guard rest.take("Invalid user "), let (user, peer) = Peer.userFrom(rest) else { return false }
        event.classify("authentication", "info", action: "ssh_invalid_user", outcome: "failure")
        event.set(.eventReason, "invalid_user")
        event.set(.userName, user)
        event.set(peer)
        return true
    }

    // MARK: - Ends of connections

    /// `Connection closed by [authenticating user U |invalid user U ]ADDRESS port N`, and the like: with a user and
    /// before authentication it is a try to log on that failed.
    private static func ending(_ text: ArraySlice<UInt8>, _ beforeLogin: Bool, _ event: inout Event) -> Bool {
        let forms: [(StaticString, String)] = [
            ("Connection closed by ", "connection_closed"), ("Connection reset by ", "connection_reset"),
            ("Disconnected from ", "disconnected"), ("Disconnecting ", "disconnected_by_server"),
            ("Received disconnect from ", "disconnected_by_client"), ("Connection from ", "connected"),
        ]
        for (prefix, reason) in forms {
            var rest = text
            guard rest.take(prefix) else { continue }
            if reason == "disconnected_by_client" || reason == "connected" { return plain(rest, reason, &event) }
            // `Disconnecting invalid user U ADDRESS port N: Too many authentication failures`: the reason is sshd's
            // own.
            var said: ArraySlice<UInt8>?
            if reason == "disconnected_by_server", let range = rest.lastRange(of: ": ") {
                said = rest[range.upperBound...]
                rest = rest[..<range.lowerBound]
            }
            guard let (before, peer) = Peer.trailing(rest) else { return false }
            event.set(peer)
            event.set(.eventReason, said?.string ?? reason)
            guard let user = user(before) else {
                event.classify("network", "end", action: "ssh_disconnect")
                return true
            }
            event.set(.userName, user)
            if beforeLogin {
                event.classify("authentication", "start", action: "ssh_login", outcome: "failure")
            } else {
                event.classify("session", "end", action: "ssh_disconnect")
            }
            return true
        }
        return false
    }

    /// `authenticating user U `, `invalid user U `, `user U `: sshd has put the word before the name.
    private static func user(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard var text = Optional(text), let range = text.firstRange(of: "user "),
            range.lowerBound - text.startIndex <= 16
        else {
            return nil
        }
        text = text[range.upperBound...]
        _ = text.take(last: " ")
        return text
    }

    /// `ADDRESS port N:CODE: WORDS` or `ADDRESS port N on ADDRESS port N`: the address comes first.
    private static func plain(_ text: ArraySlice<UInt8>, _ reason: String, _ event: inout Event) -> Bool {
        var rest = text
        guard let peer = Peer.leading(&rest) else { return false }
        event.set(peer)
        if reason == "connected" {
            event.classify("network", "start", action: "ssh_connect")
        } else {
            event.classify("network", "end", action: "ssh_disconnect")
            event.set(.eventReason, reason)
        }
        return true
    }

    // MARK: - Refusals and sessions

    private static func refusal(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        _ = rest.take("error: ")
        if rest.take("maximum authentication attempts exceeded for ") {
            if rest.take("invalid user ") { event.set(.eventReason, "invalid_user") }
            guard let (user, peer) = userFrom(rest) ?? Peer.userFrom(rest) else { return false }
            event.classify("authentication", "denied", action: "ssh_attempts_exceeded", outcome: "failure")
            event.set(.userName, user)
            event.set(peer)
            return true
        }
        if rest.take("User "), let range = rest.lastRange(of: " not allowed because ") {
            return notAllowed(rest[..<range.lowerBound], because: rest[range.upperBound...], &event)
        }
        if rest.take("ROOT LOGIN REFUSED FROM "), let peer = Peer.leading(&rest) {
            event.classify("authentication", "denied", action: "ssh_user_refused", outcome: "failure")
            event.set(.userName, "root")
            event.set(peer)
            return true
        }
        return pamFailure(text, &event)
    }

    /// `User U from HOST not allowed because …`.
    private static func notAllowed(_ who: ArraySlice<UInt8>, because reason: ArraySlice<UInt8>, _ event: inout Event)
        -> Bool
    {
        event.classify("authentication", "denied", action: "ssh_user_refused", outcome: "failure")
        event.set(.eventReason, reason.prefix(200).string)
        guard let range = who.lastRange(of: " from "), let peer = Peer(who[range.upperBound...]) else {
            event.set(.userName, who)
            return true
        }
        event.set(.userName, who[..<range.lowerBound])
        event.set(peer)
        return true
    }

    /// `error: PAM: Authentication failure for [illegal user ]U from HOST`.
    private static func pamFailure(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("error: PAM: "), let reason = rest.take(until: " for ") else { return false }
        event.classify("authentication", "info", action: "pam_authentication", outcome: "failure")
        event.set(.eventReason, reason.prefix(200).string)
        _ = rest.take("illegal user ")
        guard let range = rest.lastRange(of: " from "), let peer = Peer(rest[range.upperBound...]) else { return true }
        event.set(.userName, rest[..<range.lowerBound])
        event.set(peer)
        return true
    }

    /// `Starting session: WHAT for U from ADDRESS port N id 0`, `Close session: user U from ADDRESS port N id 0`.
    private static func session(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        let starts = rest.take("Starting session: ")
        guard starts || rest.take("Close session: user ") else { return false }
        if let range = rest.lastRange(of: " id "), rest[range.upperBound...].decimal != nil {
            rest = rest[..<range.lowerBound]
        }
        guard let (before, peer) = Peer.userFrom(rest) else { return false }
        event.classify("session", starts ? "start" : "end", action: starts ? "ssh_session_start" : "ssh_session_end")
        event.set(peer)
        event.set(.userName, starts ? before.lastRange(of: " for ").map { before[$0.upperBound...] } : before)
        return true
    }
}
