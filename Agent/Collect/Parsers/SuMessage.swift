internal import CordonModel
internal import CordonScan

/// What `su` writes, of util-linux (`(to root) alice on pts/0`, `FAILED SU (to root) alice on pts/0`) and of shadow
/// (`Successful su for root by alice`, `+ /dev/pts/0 alice:root`).
enum SuMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.name("system", dataset: "system.auth")
        let text = message.trimmed
        if PAMMessage.read(text, into: &event) { return }
        if !(utilLinux(text, &event) || shadow(text, &event) || terminal(text, &event)) {
            event.classify("authentication", "info", action: "su_message")
        }
    }

    /// Names of accounts hold neither `)` nor ` on `: what is read is what the program wrote.
    private static func utilLinux(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        let failed = rest.take("FAILED SU ") || rest.take("FAILED su ")
        guard rest.take("(to "), let target = rest.take(until: ") ") else { return false }
        let range = rest.lastRange(of: " on ")
        event.set(.processTTY, range.map { rest[$0.upperBound...] })
        finish(from: range.map { rest[..<$0.lowerBound] } ?? rest, to: target, failed: failed, &event)
        return true
    }

    private static func shadow(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        let failed = rest.take("FAILED su for ")
        guard failed || rest.take("Successful su for "), let range = rest.lastRange(of: " by ") else { return false }
        finish(from: rest[range.upperBound...], to: rest[..<range.lowerBound], failed: failed, &event)
        return true
    }

    /// `+ TTY from:to` where it worked, `- TTY from:to` where it did not.
    private static func terminal(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        let failed = rest.take("- ")
        guard failed || rest.take("+ ") else { return false }
        let tty = rest.word()
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return false }
        event.set(.processTTY, tty)
        finish(from: rest[..<colon], to: rest[(colon + 1)...], failed: failed, &event)
        return true
    }

    private static func finish(
        from user: ArraySlice<UInt8>, to target: ArraySlice<UInt8>, failed: Bool, _ event: inout Event
    ) {
        event.classify("authentication", "start", action: "su", outcome: failed ? "failure" : "success")
        event.set(.userName, user)
        event.set(.userEffectiveName, target)
    }
}
