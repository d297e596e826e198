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
        // By bytes: `\r\n` is one `Character`, and no end of a line.
        return text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            let lower = plain(line).lowercased()
            if lower.contains("-----begin") { isKey = true }
            defer { if lower.contains("-----end") { isKey = false } }
            let isSecret =
                isKey || lower.split(separator: "\r").contains { setsEnvironment($0) } || givesEnvironment(plain(line))
                || words.contains { lower.contains($0) }
            return isSecret ? mark : String(Substring(line))
        }.joined(separator: "\n")
    }

    /// The line as it is judged: what is not ASCII could join a letter before it to another `Character`.
    private static func plain(_ line: Substring.UTF8View) -> String {
        String(decoding: line.map { $0 < 0x80 ? $0 : 0x5F }, as: UTF8.self)
    }

    /// `NAME=value` as in a crontab or a shell's script, `export NAME=value`, and `Environment=` of a unit, or of a key's
    /// options wherever it stands.
    private static func setsEnvironment(_ line: Substring) -> Bool {
        var rest = line.drop { $0 == " " || $0 == "\t" }
        if rest.hasPrefix("export ") { rest = rest.dropFirst(7).drop { $0 == " " } }
        if line.contains("environment=") { return true }
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let after = rest.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }
        guard !name.isEmpty, after.hasPrefix("=") else { return false }
        return !unitKeys.contains(String(name))
    }

    /// A command that gives values by name: after env(1) any `name=value`, elsewhere `NAME=value`; and an address with a
    /// name and a password in it.
    private static func givesEnvironment(_ line: String) -> Bool {
        var isEnv = false
        for word in line.split(whereSeparator: { " \t\r\"'`();&|".contains($0) }) {
            let program = word.split(separator: "=", maxSplits: 1).last ?? word
            if program == "env" || program.hasSuffix("/env") {
                isEnv = true
                continue
            }
            if let scheme = word.firstRange(of: "://") {
                let host = word[scheme.upperBound...].prefix { $0 != "/" }
                if let at = host.lastIndex(of: "@"), host[..<at].contains(":") { return true }
            }
            let name = word.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            let value = word.dropFirst(name.count)
            // The end of a key in Base64 is no value.
            guard value.hasPrefix("="), value.contains(where: { $0 != "=" }), name.first?.isNumber == false else {
                continue
            }
            if isEnv || !name.contains(where: \.isLowercase) { return true }
        }
        return false
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
