internal import CordonModel
internal import CordonScan

/// What PAM modules write through the program that called them: `pam_unix(sshd:auth): authentication failure; … rhost=…
/// user=…`.
enum PAMMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        _ = read(message, into: &event)
    }

    /// `false` when it is no message of PAM's.
    static func read(_ message: ArraySlice<UInt8>, into event: inout Event) -> Bool {
        var rest = message
        _ = rest.take("error: ")
        if rest.take("PAM ") { return further(rest, &event) }
        guard rest.hasPrefix("pam_"), let module = rest.take(until: "("), module.count <= 32,
            let service = rest.take(until: ": "),
            service.last == UInt8(ascii: ")")
        else { return false }
        event.set(.eventProvider, module.string)
        if rest.hasPrefix("authentication failure") {
            failure(rest, &event)
        } else if rest.take("session opened for user ") {
            session(rest, &event)
        } else if rest.take("session closed for user ") {
            event.classify("session", "end", action: "session_closed", outcome: "success")
            event.set(.userName, rest.trimmed)
        } else if rest.take("auth could not identify password for [") {
            event.classify("authentication", "info", action: "pam_authentication", outcome: "failure")
            _ = rest.take(last: "]")
            event.set(.userName, rest)
        } else if rest.take("password changed for ") {
            event.classify("iam", "change", action: "password_changed", outcome: "success")
            event.fields[.eventType] = .texts(["user", "change"])
            event.set(.userTargetName, rest.trimmed)
        } else if rest.hasPrefix("user "), rest.firstRange(of: " tally ") != nil {
            locked(rest, &event)
        } else {
            other(rest, &event)
        }
        return true
    }

    /// `user NAME (UID) tally 6, deny 5` (pam_tally2).
    private static func locked(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        var rest = text
        event.classify("authentication", "info", action: "pam_user_locked", outcome: "failure")
        guard rest.take("user "), let end = rest.lastRange(of: " tally "),
            let open = rest[..<end.lowerBound].lastRange(of: " (")
        else { return }
        event.set(.userName, rest[..<open.lowerBound])
        event.set(.userID, rest[open.upperBound..<end.lowerBound].dropLast().decimal.map { String($0) })
    }

    /// `authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=HOST  user=NAME`: the name comes last and
    /// may hold anything.
    private static func failure(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        event.classify("authentication", "info", action: "pam_authentication", outcome: "failure")
        var rest = text
        guard let head = rest.take(until: " rhost=") else { return }
        if let host = Peer(rest.word()) { event.set(host) }
        if let tty = KeyValues.first("tty", in: head), !tty.isEmpty, !tty.elementsEqual("ssh".utf8) {
            event.set(.processTTY, tty)
        }
        rest.skipSpaces()
        if rest.take("user=") { event.set(.userName, rest.trimmed) }
    }

    /// `PAM 2 more authentication failures; logname= … rhost=… user=…`.
    private static func further(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.takeDecimal() != nil, rest.hasPrefix(" more authentication failure") else { return false }
        failure(rest, &event)
        return true
    }

    /// `NAME(uid=0) by OTHER(uid=1000)`, or `NAME by (uid=0)` of old versions. Where it is said who opened it, that is
    /// the user, and the session's user is whose rights are taken.
    private static func session(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        event.classify("session", "start", action: "session_opened", outcome: "success")
        let range = text.lastRange(of: " by ")
        let (name, number) = user(range.map { text[..<$0.lowerBound] } ?? text.trimmed)
        let (by, byNumber) = user(range.map { text[$0.upperBound...] } ?? [])
        if by.isEmpty || by.elementsEqual("LOGIN".utf8) || by.elementsEqual(name) {
            event.set(.userName, name)
            event.set(.userID, number)
        } else {
            event.set(.userName, by)
            event.set(.userID, byNumber)
            event.set(.userEffectiveName, name)
            event.set(.userEffectiveID, number)
        }
    }

    /// `NAME(uid=0)`.
    private static func user(_ text: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, number: String?) {
        guard text.last == UInt8(ascii: ")"), let range = text.lastRange(of: "(uid=") else { return (text, nil) }
        let number = text[range.upperBound...].dropLast().decimal.map { String($0) }
        return (text[..<range.lowerBound], number)
    }

    private static func other(_ text: ArraySlice<UInt8>, _ event: inout Event) {
        let failures: [StaticString] = [
            "check pass; user unknown", "conversation failed", "account ", "Maximum number of tries",
        ]
        let failed = failures.contains { text.hasPrefix($0) }
        event.classify("authentication", "info", action: "pam_message", outcome: failed ? "failure" : nil)
        event.set(.eventReason, text.prefix(200).string)
    }
}
