/// One thing that a host's log says, normalised to the Elastic Common Schema (ECS 8).
package struct Event: Sendable, Hashable {
    /// When it happened by the log's own clock (`@timestamp`).
    package var timestamp: Timestamp
    /// When the agent read it (`event.created`).
    package var created: Timestamp
    /// The line as it was, always kept (`event.original`). Hostile, any text; bytes that are not UTF-8 are replaced.
    package var original: String
    /// What a parser understood of it, by ECS field.
    package var fields: [ECSField: FieldValue]

    package init(timestamp: Timestamp, created: Timestamp, original: String, fields: [ECSField: FieldValue] = [:]) {
        self.timestamp = timestamp
        self.created = created
        self.original = original
        self.fields = fields
    }

    /// The field's text; `nil` when it is absent or not text.
    package func text(_ field: ECSField) -> String? {
        if case .text(let text)? = fields[field] { text } else { nil }
    }

    /// The field's number; `nil` when it is absent or not a number.
    package func number(_ field: ECSField) -> Int64? {
        if case .number(let number)? = fields[field] { number } else { nil }
    }

    /// The field's address; `nil` when it is absent or not an address.
    package func address(_ field: ECSField) -> IPAddress? { text(field).flatMap { IPAddress($0) } }
}

/// The value of one field.
package enum FieldValue: Sendable, Hashable {
    case text(String)
    case number(Int64)
    case flag(Bool)
    case texts([String])
}

/// The ECS fields that Cordon fills; the raw value is the field's name in ECS.
package enum ECSField: String, Sendable, Hashable, Codable, CaseIterable {
    case eventKind = "event.kind"
    case eventCategory = "event.category"
    case eventType = "event.type"
    case eventAction = "event.action"
    case eventOutcome = "event.outcome"
    case eventReason = "event.reason"
    case eventDataset = "event.dataset"
    case eventProvider = "event.provider"
    case message
    case hostName = "host.hostname"
    case userName = "user.name"
    case userID = "user.id"
    case userEffectiveName = "user.effective.name"
    case sourceAddress = "source.address"
    case sourceIP = "source.ip"
    case sourcePort = "source.port"
    case destinationIP = "destination.ip"
    case destinationPort = "destination.port"
    case networkProtocol = "network.protocol"
    case processName = "process.name"
    case processPID = "process.pid"
    case processCommandLine = "process.command_line"
    case processWorkingDirectory = "process.working_directory"
    case processTTY = "process.tty.name"
    case processExecutable = "process.executable"
    case logFilePath = "log.file.path"
    case logFileOffset = "log.offset"
    case logSyslogPriority = "log.syslog.priority"
    case logSyslogAppName = "log.syslog.appname"
    case systemdUnit = "systemd.unit"
    /// How many times more the same line came, as rsyslog folds repeats (`message repeated 3 times`). Not of ECS.
    case messageRepeats = "cordon.message.repeats"
    case sshMethod = "sshd.method"
    case sshSignature = "sshd.signature"
    case tags
}
