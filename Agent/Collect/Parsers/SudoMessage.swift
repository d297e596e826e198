internal import CordonModel
internal import CordonScan

/// What sudo writes: `  alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`, with a reason before
/// `TTY=` where it said no.
enum SudoMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        var rest = message
        rest.skipSpaces()
        if PAMMessage.read(rest, into: &event) { return }
        guard let user = rest.take(until: " : "), !user.isEmpty, user.count <= 256 else { return }
        event.set(.userName, user.trimmed)
        let refusal = refusal(&rest)
        read(rest, into: &event)
        guard let refusal else {
            event.classify("process", "start", action: "sudo_command", outcome: "success")
            return
        }
        event.set(.eventReason, refusal.string)
        let login = refusal.firstRange(of: "password") != nil || refusal.hasPrefix("PAM ")
        event.classify(
            login ? "authentication" : "process", login ? "info" : "denied", action: "sudo_refused", outcome: "failure")
    }

    /// The words before the fields, such as `3 incorrect password attempts`, `user NOT in sudoers`, `command not
    /// allowed`.
    private static func refusal(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        if isField(rest) { return nil }
        var after = rest
        guard let reason = after.take(until: " ; ") else {
            defer { rest = rest[rest.endIndex...] }
            return rest.trimmed
        }
        // A line that continues a long command has neither reason nor fields.
        rest = after
        return reason
    }

    private static func isField(_ text: ArraySlice<UInt8>) -> Bool {
        let names: [StaticString] = [
            "HOST=", "TTY=", "CHROOT=", "PWD=", "USER=", "GROUP=", "TSID=", "ENV=", "COMMAND=", "(command continued)",
        ]
        return names.contains { text.hasPrefix($0) }
    }

    /// Fields in sudo's order. The command comes last and takes the rest of the line; a folder's name may hold ` ;
    /// COMMAND=` too, so that the first one found surely has the whole command in it, and more than one is told.
    private static func read(_ text: ArraySlice<UInt8>, into event: inout Event) {
        var rest = text
        if rest.take("(command continued) ") {
            event.set(.processCommandLine, rest)
            return
        }
        // Once there is no further mark it is not looked for again: a text of many lines would take time by its square.
        var isMarked = true
        while !rest.isEmpty {
            if rest.take("COMMAND=") {
                event.set(.processCommandLine, rest)
                let program = rest.prefix { $0 != 0x20 }
                if program.first == UInt8(ascii: "/") { event.set(.processExecutable, program) }
                if rest.firstRange(of: " ; COMMAND=") != nil { event.tag(Normalizer.ambiguous) }
                return
            }
            let marked = isMarked ? rest.take(until: " ; ") : nil
            isMarked = marked != nil
            var field = marked ?? rest.word(until: 0x0A)
            if field.take("TTY=") {
                event.set(.processTTY, field)
            } else if field.take("PWD=") {
                event.set(.processWorkingDirectory, field)
            } else if field.take("USER=") {
                event.set(.userEffectiveName, field)
            }
        }
    }
}
