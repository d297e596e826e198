/// How the lines of a file are to be read; `format` of a `[source.NAME]`.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// As syslog daemons write: time, host, program, message.
    case syslog
    /// Access and error logs of nginx.
    case nginx
    /// Access and error logs of Apache's httpd.
    case apache
    /// Records of the kernel's audit, as auditd writes them.
    case audit
    /// Lines without a form that we know: each is a message.
    case plain

    /// The envelope of a record of such a file.
    package var envelope: Record.Envelope {
        switch self {
        case .syslog: .syslog
        case .nginx: .web(.nginx)
        case .apache: .web(.apache)
        case .audit: .audit
        case .plain: .known(timestamp: nil, program: nil, pid: nil)
        }
    }
}

/// The web servers whose logs are read.
package enum WebServer: String, Sendable, Hashable, CaseIterable {
    case nginx
    case apache
}

/// What a person can say that a file holds: a format, or a program whose lines they are, with or without syslog's
/// header.
package struct LineSource: Sendable, Hashable {
    /// As in `names`.
    package let name: String
    private let form: Form

    private enum Form: Hashable {
        case format(LogFormat)
        case program(String)
    }

    /// `nil` for a name that is not among `names`.
    package init?(_ name: String) {
        if let format = LogFormat(rawValue: name) {
            form = .format(format)
        } else if let program = Self.programs[name] {
            form = .program(program)
        } else {
            return nil
        }
        self.name = name
    }

    /// All names, in order.
    package static let names = (LogFormat.allCases.map(\.rawValue) + programs.keys).sorted()

    /// By source the program as it signs its lines.
    private static let programs = [
        "sshd": "sshd", "sudo": "sudo", "su": "su", "pam": "pam", "cron": "CRON", "systemd": "systemd",
        "kernel": "kernel", "useradd": "useradd", "logind": "systemd-logind",
    ]

    /// The record of one line.
    package func record(_ line: [UInt8]) -> Record {
        switch form {
        case .format(let format): Record(text: line, envelope: format.envelope)
        case .program(let program): Record(text: line, envelope: .headed(program))
        }
    }
}
