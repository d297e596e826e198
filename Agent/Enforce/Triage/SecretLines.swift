/// Texts without the lines that may hold a secret: what a crontab, a unit or a start script gives to programs in their
/// environment, and whatever speaks of a password, a token or a private key.
enum SecretLines {
    static let mark = "[left out: it may hold a secret]"
    private static let words = [
        "password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "api-key", "credential",
        "private key", "auth=",
    ]

    /// The text with such lines replaced by the mark; all that follows the beginning of a private key goes with it.
    static func leftOut(_ text: String) -> String {
        var isKey = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let lower = line.lowercased()
            if lower.contains("-----begin") { isKey = true }
            defer { if lower.contains("-----end") { isKey = false } }
            let isSecret = isKey || setsEnvironment(lower) || words.contains { lower.contains($0) }
            return isSecret ? mark : String(line)
        }.joined(separator: "\n")
    }

    /// `NAME=value` as in a crontab or a shell's script, `export NAME=value`, and `Environment=` of a unit.
    private static func setsEnvironment(_ line: String) -> Bool {
        var rest = line.drop { $0 == " " || $0 == "\t" }
        if rest.hasPrefix("export ") { rest = rest.dropFirst(7).drop { $0 == " " } }
        if rest.hasPrefix("environment=") || rest.hasPrefix("passenvironment=") { return true }
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard !name.isEmpty, rest.dropFirst(name.count).drop(while: { $0 == " " }).hasPrefix("=") else { return false }
        return !unitKeys.contains(String(name))
    }

    /// What stands before `=` in systemd's units, desktop files and udev's rules, and gives nothing to an environment.
    private static let unitKeys: Set<String> = [
        "description", "documentation", "after", "before", "wants", "requires", "requisite", "bindsto", "partof",
        "conflicts", "wantedby", "requiredby", "alias", "also", "type", "execstart", "execstartpre", "execstartpost",
        "execstop", "execstoppost", "execreload", "restart", "restartsec", "user", "group", "dynamicuser",
        "workingdirectory", "rootdirectory", "pidfile", "oncalendar", "onbootsec", "onunitactivesec", "onactivesec",
        "onstartupsec", "accuracysec", "randomizeddelaysec", "persistent", "unit", "listenstream", "listendatagram",
        "accept", "pathexists", "pathchanged", "pathmodified", "directorynotempty", "environmentfile", "killmode",
        "remainafterexit", "standardoutput", "standarderror", "standardinput", "syslogidentifier", "name", "exec",
        "icon", "hidden", "nodisplay", "onlyshowin", "tryexec", "comment", "terminal", "categories", "timeoutsec",
        "timeoutstopsec", "timeoutstartsec", "defaultdependencies", "conditionpathexists", "slice", "delegate",
    ]
}
