internal import CordonModel
internal import CordonScan

/// What systemd writes of its units: by the journal's message identifier where the source knows it (`event.code`;
/// sd-messages.h), else by the words.
enum SystemdMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.name("system", dataset: "system.systemd")
        let text = message.trimmed
        if PAMMessage.read(text, into: &event) { return }
        let known = event.text(.eventCode).flatMap { byIdentifier[$0.lowercased()] }
        let unit = ofUnit(text, &event)
        let state = unit.flatMap(state) ?? job(text, &event)
        guard let state = known ?? state else {
            event.classify("process", "info", action: "systemd_message")
            return
        }
        event.classify("process", state.type, action: state.action, outcome: state.outcome)
        event.set(.serviceState, state.word)
    }

    private struct State {
        var word: String
        var type: String
        var action: String
        var outcome: String?
    }

    private static let started = State(word: "running", type: "start", action: "service_started", outcome: "success")
    private static let starting = State(word: "starting", type: "start", action: "service_starting")
    private static let stopped = State(word: "stopped", type: "end", action: "service_stopped", outcome: "success")
    private static let stopping = State(word: "stopping", type: "end", action: "service_stopping")
    private static let reloaded = State(word: "running", type: "change", action: "service_reloaded", outcome: "success")
    private static let reloading = State(word: "reloading", type: "change", action: "service_reloading")
    private static let failed = State(word: "failed", type: "end", action: "service_failed", outcome: "failure")
    private static let exited = State(word: "exited", type: "end", action: "service_process_exited")
    private static let restarting = State(word: "restarting", type: "start", action: "service_restart_scheduled")

    private static let byIdentifier: [String: State] = [
        "7d4958e842da4a758f6c1cdc7b36dcc5": starting, "39f53479d3a045ac8e11786248231fbf": started,
        "de5b426a63be47a7b6ac3eaac82e2f6f": stopping, "9d1aaa27d60140bd96365438aad20286": stopped,
        "be02cf6855d2428ba40df7e9d022f03d": failed, "d9b373ed55a64feb8242e02dbe79a49c": failed,
        "7ad2d189f7e94e70a38c781354912448": stopped, "98e322203f7a4ed290d09fe03c09fe15": exited,
        "5eb03494b6584870a536b337290809b3": restarting, "d34d037fff1847e6ae669a370e694725": reloading,
        "7b05ebc668384222baa8881179cfda54": reloaded,
    ]

    /// `Started nginx.service - A web server.`, or `Started A web server.` of old versions.
    private static func job(_ text: ArraySlice<UInt8>, _ event: inout Event) -> State? {
        let forms: [(StaticString, State)] = [
            ("Started ", started), ("Starting ", starting), ("Finished ", stopped), ("Stopped ", stopped),
            ("Stopping ", stopping), ("Reloaded ", reloaded), ("Reloading ", reloading), ("Failed to start ", failed),
            ("Mounted ", started), ("Unmounted ", stopped), ("Listening on ", started), ("Closed ", stopped),
            ("Reached target ", started), ("Stopped target ", stopped), ("Created slice ", started),
            ("Removed slice ", stopped),
        ]
        var rest = text
        for (prefix, state) in forms where rest.take(prefix) {
            let name = rest.word()
            if event.fields[.serviceName] == nil, isUnit(name) { event.set(.serviceName, name) }
            return state
        }
        return nil
    }

    /// `nginx.service: WORDS`: sets the unit, returns the words.
    private static func ofUnit(_ text: ArraySlice<UInt8>, _ event: inout Event) -> ArraySlice<UInt8>? {
        var rest = text
        guard let name = rest.take(until: ": "), isUnit(name) else { return nil }
        event.set(.serviceName, name)
        return rest
    }

    private static func state(_ words: ArraySlice<UInt8>) -> State? {
        let forms: [(StaticString, State)] = [
            ("Main process exited", exited), ("Control process exited", exited), ("Failed with result", failed),
            ("Unit entered failed state", failed), ("Scheduled restart job", restarting),
            ("Service RestartSec=", restarting), ("Deactivated successfully", stopped), ("Succeeded", stopped),
            ("A process of this unit has been killed by the OOM killer", failed), ("Start request repeated", failed),
        ]
        return forms.first { words.hasPrefix($0.0) }?.1
    }

    /// `NAME.TYPE` (systemd.unit(5)).
    private static func isUnit(_ name: ArraySlice<UInt8>) -> Bool {
        let types: [StaticString] = [
            ".service", ".socket", ".timer", ".mount", ".target", ".slice", ".scope", ".path", ".swap", ".device",
            ".automount",
        ]
        return name.count <= 255 && types.contains { name.hasSuffix($0) } && name.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

/// What systemd-logind writes: `New session 5 of user alice.`
enum LogindMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.name("system", dataset: "system.auth")
        var rest = message.trimmed
        if rest.take("New session "), let range = rest.lastRange(of: " of user ") {
            event.classify("session", "start", action: "session_started", outcome: "success")
            var user = rest[range.upperBound...]
            // Newer versions tell more behind the name, which has no space in it.
            user = user.word()
            _ = user.take(last: ".")
            event.set(.userName, user)
        } else if rest.hasPrefix("Removed session ") || rest.firstRange(of: " logged out. ") != nil {
            event.classify("session", "end", action: "session_ended")
        } else {
            event.classify("host", "info", action: "logind_message")
        }
    }
}
