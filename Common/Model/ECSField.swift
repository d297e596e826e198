/// The fields that Cordon fills: a frozen subset of the Elastic Common Schema (9.5), and some of its own behind them.
///
/// The raw value is the field's name, on the wire and in the store. Names and kinds are promises: fields may be added,
/// none is renamed, taken away or given another kind. `Documentation/events.md` says what each means; a test compares.
package enum ECSField: String, Sendable, Hashable, Codable, CaseIterable {
    // What kind of event it is.
    case eventKind = "event.kind"
    case eventCategory = "event.category"
    case eventType = "event.type"
    case eventAction = "event.action"
    case eventOutcome = "event.outcome"
    case eventReason = "event.reason"
    case eventDataset = "event.dataset"
    case eventModule = "event.module"
    case eventProvider = "event.provider"
    case eventID = "event.id"
    case eventCode = "event.code"
    case eventSequence = "event.sequence"
    case eventSeverity = "event.severity"
    case message
    case tags
    case errorMessage = "error.message"

    // Who and where.
    case hostName = "host.hostname"
    case userName = "user.name"
    case userID = "user.id"
    case userEffectiveName = "user.effective.name"
    case userEffectiveID = "user.effective.id"
    case userTargetName = "user.target.name"
    case userTargetID = "user.target.id"
    case userChangesName = "user.changes.name"
    case userGroupName = "user.group.name"
    case userGroupID = "user.group.id"
    case groupName = "group.name"
    case groupID = "group.id"

    // The network.
    case sourceAddress = "source.address"
    case sourceIP = "source.ip"
    case sourcePort = "source.port"
    case sourceMAC = "source.mac"
    case sourceDomain = "source.domain"
    case destinationAddress = "destination.address"
    case destinationIP = "destination.ip"
    case destinationPort = "destination.port"
    case destinationMAC = "destination.mac"
    case destinationDomain = "destination.domain"
    case networkProtocol = "network.protocol"
    case networkTransport = "network.transport"
    case networkType = "network.type"
    case networkNumber = "network.iana_number"
    case networkDirection = "network.direction"
    case networkBytes = "network.bytes"
    case ingressInterface = "observer.ingress.interface.name"
    case egressInterface = "observer.egress.interface.name"
    case dnsQuestionName = "dns.question.name"
    case dnsQuestionType = "dns.question.type"
    case dnsResolvedIP = "dns.resolved_ip"
    case dnsResponseCode = "dns.response_code"

    // Processes.
    case processName = "process.name"
    case processPID = "process.pid"
    case processEntityID = "process.entity_id"
    case processExecutable = "process.executable"
    case processCommandLine = "process.command_line"
    case processArguments = "process.args"
    case processArgumentCount = "process.args_count"
    case processWorkingDirectory = "process.working_directory"
    case processTitle = "process.title"
    case processStart = "process.start"
    case processEnd = "process.end"
    case processExitCode = "process.exit_code"
    case processHashSHA256 = "process.hash.sha256"
    case processParentPID = "process.parent.pid"
    case processParentEntityID = "process.parent.entity_id"
    case processParentName = "process.parent.name"
    case processParentExecutable = "process.parent.executable"
    case processParentCommandLine = "process.parent.command_line"
    case processParentArguments = "process.parent.args"
    case containerID = "container.id"
    case serviceName = "service.name"
    case serviceState = "service.state"

    // Files.
    case filePath = "file.path"
    case fileName = "file.name"
    case fileDirectory = "file.directory"
    case fileExtension = "file.extension"
    case fileType = "file.type"
    case fileTargetPath = "file.target_path"
    case fileSize = "file.size"
    case fileMode = "file.mode"
    case fileOwner = "file.owner"
    case fileGroup = "file.group"
    case fileUID = "file.uid"
    case fileGID = "file.gid"
    case fileInode = "file.inode"
    case fileDevice = "file.device"
    case fileModified = "file.mtime"
    case fileChanged = "file.ctime"
    case fileHashSHA256 = "file.hash.sha256"
    case fileHashSHA1 = "file.hash.sha1"
    case fileHashMD5 = "file.hash.md5"

    // The web.
    case httpRequestMethod = "http.request.method"
    case httpRequestReferrer = "http.request.referrer"
    case httpResponseStatus = "http.response.status_code"
    case httpResponseBytes = "http.response.body.bytes"
    case httpVersion = "http.version"
    case urlOriginal = "url.original"
    case urlDomain = "url.domain"
    case urlPath = "url.path"
    case urlQuery = "url.query"
    case userAgent = "user_agent.original"

    // The log, and rules of those who wrote it.
    case logLevel = "log.level"
    case logFilePath = "log.file.path"
    case logSyslogPriority = "log.syslog.priority"
    case logSyslogFacility = "log.syslog.facility.code"
    case logSyslogSeverity = "log.syslog.severity.code"
    case logSyslogAppName = "log.syslog.appname"
    case logSyslogProcessID = "log.syslog.procid"
    case logSyslogMessageID = "log.syslog.msgid"
    case ruleName = "rule.name"
    case ruleID = "rule.id"

    // Not of ECS: each product's own.
    case logFileOffset = "log.offset"
    case processTTY = "process.tty.name"
    case systemdUnit = "systemd.unit"
    /// How many times more the same line came, as rsyslog folds repeats (`message repeated 3 times`).
    case messageRepeats = "cordon.message.repeats"
    case sshMethod = "sshd.method"
    case sshSignature = "sshd.signature"
    case journalCursor = "journald.cursor"
    case journalBootID = "journald.boot_id"
    case journalTransport = "journald.transport"
    case firewallPrefix = "iptables.prefix"
    case firewallFlags = "iptables.tcp.flags"
    case firewallTTL = "iptables.ttl"
    case auditRecords = "auditd.records"
    case auditLoginID = "auditd.auid"
    case auditSession = "auditd.session"
    case auditKeys = "auditd.keys"
    case auditArchitecture = "auditd.arch"
    case auditSyscall = "auditd.syscall"
    case auditExit = "auditd.exit"
    case auditResult = "auditd.result"
    case auditPaths = "auditd.paths"
}

extension ECSField {
    /// What a field's value is, by ECS's names.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Any text.
        case keyword
        /// An address as text, IPv4 or IPv6.
        case ip
        /// A whole number of 64 bits.
        case long
        /// An instant as text of RFC 3339, in UTC.
        case date
        /// Yes or no.
        case boolean
    }

    /// What its value is; in a list, what each of the values is.
    package var kind: Kind {
        switch self {
        case .sourceIP, .destinationIP, .dnsResolvedIP: .ip
        case .eventSequence, .eventSeverity, .sourcePort, .destinationPort, .networkBytes, .processPID,
            .processArgumentCount, .processExitCode, .processParentPID, .fileSize, .httpResponseStatus,
            .httpResponseBytes, .logSyslogPriority, .logSyslogFacility, .logSyslogSeverity, .logFileOffset,
            .messageRepeats, .firewallTTL:
            .long
        case .processStart, .processEnd, .fileModified, .fileChanged: .date
        default: .keyword
        }
    }

    /// Whether it holds a list, of one value too.
    package var isList: Bool {
        switch self {
        case .eventCategory, .eventType, .tags, .processArguments, .processParentArguments, .dnsResolvedIP,
            .auditRecords, .auditKeys, .auditPaths, .firewallFlags:
            true
        default: false
        }
    }

    /// Whether the value is of the field's kind.
    package func accepts(_ value: FieldValue) -> Bool {
        switch value {
        case .texts(let texts): isList && texts.allSatisfy(acceptsText)
        case .text(let text): !isList && acceptsText(text)
        case .number: !isList && kind == .long
        case .flag: !isList && kind == .boolean
        }
    }

    private func acceptsText(_ text: String) -> Bool {
        switch kind {
        case .keyword: true
        case .ip: IPAddress(text) != nil
        case .date: Timestamp(rfc3339: text) != nil
        case .long, .boolean: false
        }
    }

    /// The field of a name, in constant time; `init(rawValue:)` compares with every name.
    package static func named(_ name: String) -> ECSField? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
}
