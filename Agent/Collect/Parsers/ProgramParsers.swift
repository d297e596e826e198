internal import CordonModel

/// Which parser reads which program's words.
enum ProgramParsers {
    typealias Parse = @Sendable (ArraySlice<UInt8>, inout Event) -> Void

    /// The parser of a program as it signs its lines, with its folder or without.
    static func find(_ program: String) -> Parse? {
        if let parse = byName[program] { return parse }
        guard let slash = program.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return byName[program[program.utf8.index(after: slash)...].lowercased()]
    }

    private static let byName: [String: Parse] = {
        var parsers: [String: Parse] = [
            "sudo": SudoMessage.parse, "su": SuMessage.parse, "su-l": SuMessage.parse, "login": PAMMessage.parse,
            "pam": PAMMessage.parse, "systemd": SystemdMessage.parse, "systemd-logind": LogindMessage.parse,
            "kernel": KernelMessage.parse,
            "nginx": { WebLog.parse($0, .nginx, zoneOffset: 0, into: &$1) },
            "apache2": { WebLog.parse($0, .apache, zoneOffset: 0, into: &$1) },
            "httpd": { WebLog.parse($0, .apache, zoneOffset: 0, into: &$1) },
        ]
        for name in ["sshd", "sshd-session", "sshd-auth"] { parsers[name] = SSHDMessage.parse }
        for name in ["CRON", "cron", "crond", "crontab", "anacron"] { parsers[name] = CronMessage.parse }
        for name in AccountMessage.programs { parsers[name] = AccountMessage.parse }
        return parsers
    }()
}
