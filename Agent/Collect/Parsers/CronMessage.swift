internal import CordonModel
internal import CordonScan

/// What cron, cronie, crontab and anacron write: `(root) CMD (run-parts /etc/cron.hourly)`.
enum CronMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.name("system", dataset: "system.cron")
        let text = message.trimmed
        if PAMMessage.read(text, into: &event) { return }
        var rest = text
        guard rest.take("("), let user = rest.take(until: ") "), user.count <= 256 else {
            event.classify("process", "info", action: "cron_message")
            return
        }
        // What stands in brackets comes last and is the user's own: a command may hold anything.
        let verb = rest.take(until: " (") ?? rest.trimmed
        if rest.endIndex > rest.startIndex { _ = rest.take(last: ")") }
        // cron signs what concerns itself with names in brackets that are no users.
        let isItself = user.elementsEqual("CRON".utf8) || user.first == UInt8(ascii: "*")
        if !isItself { event.set(.userName, user) }
        read(verb, rest, &event)
    }

    private static func read(_ verb: ArraySlice<UInt8>, _ detail: ArraySlice<UInt8>, _ event: inout Event) {
        let forms: [(StaticString, String, String, String)] = [
            ("CMD", "process", "start", "cron_command"), ("CMDEND", "process", "end", "cron_command_end"),
            ("CMDOUT", "process", "info", "cron_output"), ("LIST", "configuration", "access", "crontab_list"),
            ("BEGIN EDIT", "configuration", "access", "crontab_edit"),
            ("END EDIT", "configuration", "info", "crontab_edit_end"),
            ("REPLACE", "configuration", "change", "crontab_replace"),
            ("DELETE", "configuration", "deletion", "crontab_delete"),
            ("RELOAD", "configuration", "info", "crontab_reload"), ("STARTUP", "process", "start", "cron_startup"),
            ("AUTH", "authentication", "info", "crontab_refused"),
            ("FAILED to authorize user with PAM", "authentication", "info", "cron_refused"),
        ]
        let form = forms.first { verb.count == $0.0.utf8CodeUnitCount && verb.hasPrefix($0.0) }
        guard let (_, category, type, action) = form else {
            event.classify("process", "info", action: "cron_message")
            event.set(.eventReason, verb.prefix(200))
            return
        }
        let isRefused = category == "authentication"
        event.classify(category, type, action: action, outcome: isRefused ? "failure" : nil)
        switch action {
        case "cron_command", "cron_command_end": event.set(.processCommandLine, detail.trimmed)
        case "crontab_reload": event.set(.filePath, detail)
        case "crontab_list", "crontab_edit", "crontab_edit_end", "crontab_replace", "crontab_delete":
            event.set(.userTargetName, detail)
        default: event.set(.eventReason, detail.prefix(200))
        }
    }
}
