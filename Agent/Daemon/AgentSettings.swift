internal import AgentCollect
internal import AgentDetect
internal import AgentSpool
internal import AgentUplink
internal import CordonModel
internal import CordonSettings
internal import CordonTrust
internal import Logging

/// The settings of cordon-agent, from `/etc/cordon/agent.toml` and its drop-ins.
struct AgentSettings: Sendable {
    /// Identity, spool, positions and orders; the agent's alone.
    var state = "/var/lib/cordon-agent"
    var enforcerSocket = "/run/cordon/enforcer.sock"
    var machineID = "/etc/machine-id"
    var logLevel = Logger.Level.info
    /// Where the controller is, if not where the token said.
    var controller: ControllerAddress?
    var canaries: [Endpoint]?
    var spool = Spool.Limits()
    var files: [FileEntry] = []
    var journal: JournalEntry?
    /// Why the journal is not read, where it is not.
    var journalIsOff: JournalIsOff?
    /// Which journal hunts look through: all of this host unless `[journal]` names a folder.
    var huntedJournal = JournalScope.allNamespaces
    var audit: AuditEntry?
    var integrity: IntegrityEntry?
    var processes: ProcessesEntry?
    var sockets: SocketsEntry?
    var detection = SSHRules.Settings()

    /// One `[source.NAME]`.
    struct FileEntry: Sendable {
        var path: String
        var start: StartPosition
        var format = LogFormat.syslog
        /// On the first start at the beginning, what was rotated away is read too.
        var includesRotated = false
    }

    /// Why the journal is not read.
    enum JournalIsOff {
        /// `[journal] enabled = false`, and where that stands.
        case disabled(at: String)
        /// A `[source.NAME]` stands there, and `[journal]` does not say `enabled = true`.
        case byFiles
    }

    /// `[journal]`.
    struct JournalEntry: Sendable {
        var scope: JournalScope
        var identifiers: [String]
        var start: StartPosition
    }

    /// Reads the file and `NAME.d/*.toml` beside it. Unknown or malformed keys throw `SettingsError` with file and line.
    /// - Parameter required: Whether the file must be there.
    static func load(_ path: String, required: Bool = true) throws -> AgentSettings {
        let dropIns = path.hasSuffix(".toml") ? String(path.dropLast(5)) + ".d" : path + ".d"
        let document = try Settings.load(file: path, dropIns: dropIns, required: required)
        var settings = AgentSettings()
        var read = [
            try settings.readAgent(document), try settings.readController(document), try settings.readSpool(document),
        ]
        read += try settings.readSources(document)
        read += [
            try settings.readAudit(document), try settings.readProcesses(document),
            try settings.readSockets(document), try settings.readIntegrity(document),
        ]
        read.append(try settings.readDetection(document))
        try document.finish(read)
        return settings
    }

    private mutating func readAgent(_ document: Settings) throws -> SettingsSection {
        var section = document.section("agent")
        state = try section.text("state", default: state)
        enforcerSocket = try section.text("enforcer_socket", default: enforcerSocket)
        machineID = try section.text("machine_id", default: machineID)
        let level = try section.text("log_level", default: "\(logLevel)")
        guard let known = Logger.Level(rawValue: level) else {
            throw Self.malformed(section, "log_level", "one of trace, debug, info, notice, warning, error, critical")
        }
        logLevel = known
        return section
    }

    private mutating func readController(_ document: Settings) throws -> SettingsSection {
        var section = document.section("controller")
        if let text = try section.optionalText("address") {
            guard let address = ControllerAddress(text) else {
                throw Self.malformed(section, "address", "NAME:PORT or ADDRESS:PORT")
            }
            controller = address
        }
        if section.has("canaries") { canaries = try section.endpoints("canaries", default: []) }
        return section
    }

    private mutating func readSpool(_ document: Settings) throws -> SettingsSection {
        var section = document.section("spool")
        spool = Spool.Limits(
            bytes: Int(try section.integer("megabytes", default: 256, in: 1...65_536)) << 20,
            share: Double(try section.integer("disk_percent", default: 10, in: 1...90)) / 100,
            reserve: Double(try section.integer("reserve_percent", default: 25, in: 0...90)) / 100,
            patience: try section.duration("patience", default: .seconds(60), in: .seconds(0) ... .seconds(86_400)))
        return section
    }

    private mutating func readSources(_ document: Settings) throws -> [SettingsSection] {
        var sections: [SettingsSection] = []
        for name in document.parts(of: "source") {
            var section = document.section("source.\(name)")
            files.append(
                FileEntry(
                    path: try section.text("path"), start: try Self.start(&section),
                    format: try Self.format(&section),
                    includesRotated: try section.flag("include_rotated", default: false)))
            sections.append(section)
        }
        var section = document.section("journal")
        // A host whose files are named says what it wants; one that says nothing has its journal read.
        let isEnabled = try section.flag("enabled", default: files.isEmpty)
        let entry = JournalEntry(
            scope: try Self.scope(&section), identifiers: try section.texts("identifiers", default: []),
            start: try Self.start(&section))
        if isEnabled {
            journal = entry
        } else {
            journalIsOff = section.has("enabled") ? .disabled(at: section.origin(of: "enabled")) : .byFiles
        }
        if case .folder = entry.scope { huntedJournal = entry.scope }
        return sections + [section]
    }

    private mutating func readDetection(_ document: Settings) throws -> SettingsSection {
        var section = document.section("detect.ssh")
        detection = SSHRules.Settings(
            failures: Int(try section.integer("failures", default: Int64(detection.failures), in: 2...100)),
            failuresBeforeLogin: Int(
                try section.integer("failures_before_login", default: Int64(detection.failuresBeforeLogin), in: 1...100)
            ),
            window: try section.duration("window", default: detection.window, in: .seconds(1) ... .seconds(86_400)))
        return section
    }

    /// `folder = "/path"`, or `namespace = "NAME"`, `"*"` for all; this host's own journal where neither stands.
    private static func scope(_ section: inout SettingsSection) throws -> JournalScope {
        let folder = try section.optionalText("folder")
        guard let namespace = try section.optionalText("namespace") else { return folder.map { .folder($0) } ?? .host }
        guard folder == nil, !namespace.isEmpty, namespace.utf8.count <= 200, !namespace.contains("/") else {
            throw malformed(section, "namespace", #"a name, or "*" for all, and stand without folder"#)
        }
        return namespace == "*" ? .allNamespaces : .namespace(namespace)
    }

    static func start(_ section: inout SettingsSection) throws -> StartPosition {
        let text = try section.text("start", default: StartPosition.end.rawValue)
        guard let start = StartPosition(rawValue: text) else {
            throw malformed(section, "start", #""end" or "beginning""#)
        }
        return start
    }

    private static func format(_ section: inout SettingsSection) throws -> LogFormat {
        let text = try section.text("format", default: LogFormat.syslog.rawValue)
        guard let format = LogFormat(rawValue: text) else {
            throw malformed(section, "format", "one of " + LogFormat.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return format
    }

    static func malformed(_ section: SettingsSection, _ key: String, _ expected: String) -> AgentError {
        AgentError(
            code: "settings.malformed",
            message: "\(section.origin(of: key)): \(section.name).\(key) must be \(expected).",
            remedy: "Correct it and start again.")
    }

    // MARK: - What is made of it

    /// What the uplink needs. Throws when this host has no machine identifier.
    func uplink() throws -> UplinkSettings {
        var settings = UplinkSettings(
            stateFolder: state, enforcerSocket: enforcerSocket, machineID: try HostReading.machineID(machineID),
            version: CordonAgent.version)
        settings.controller = controller
        if let canaries { settings.canaries = canaries }
        return settings
    }

    /// The folder of the spool.
    var spoolFolder: String { "\(state)/spool" }
    /// How the watched files were when they were last looked at.
    var integrityFile: String { "\(state)/integrity.json" }
    /// How far each source was read.
    var positionsFile: String { "\(state)/positions.json" }
    /// Where `cordon-agent status` looks.
    var statusFile: String { "\(state)/status.json" }
}

/// What stops a command of the agent.
struct AgentError: ActionableError {
    let code: String
    let message: String
    let remedy: String
}
