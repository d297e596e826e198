internal import AgentCollect
internal import CordonSettings

/// What is watched only where the settings ask for it: the kernel's audit, processes, sockets and the integrity of files.
extension AgentSettings {
    /// `[audit]`: where audit records come from.
    enum AuditEntry: Sendable, Hashable {
        /// What auditd writes.
        case file(String, start: StartPosition)
        /// The kernel's multicast group; needs CAP_AUDIT_READ.
        case netlink

        /// Where auditd writes if nobody told it otherwise.
        static let usualFile = "/var/log/audit/audit.log"
    }

    /// `[integrity]`.
    struct IntegrityEntry: Sendable, Hashable {
        /// Files and folders, absolute.
        var paths: [String]
        /// How often all is looked at, whatever the kernel's hints say.
        var interval: Duration
    }

    /// `[processes]`: who tells of processes.
    struct ProcessesEntry: Sendable, Hashable {
        enum Origin: String, Sendable, Hashable, CaseIterable {
            /// Audit where the settings have it, else the connector.
            case auto
            /// The kernel's proc connector, whatever audit tells.
            case connector
            /// Audit alone.
            case audit
        }

        var origin = Origin.auto
        /// Whether ends are told too.
        var tellsEnds = true
    }

    /// `[sockets]`.
    struct SocketsEntry: Sendable, Hashable {
        /// Between two looks at all sockets.
        var interval = Duration.seconds(10)
        /// Whether connections within this host are told too.
        var seesLoopback = false
    }

    /// Whether audit records are read from anywhere.
    var readsAudit: Bool { audit != nil || files.contains { $0.format == .audit } }

    /// Whether the connector tells of processes. Audit tells of them with more certainty, and twice is too much.
    var readsConnector: Bool {
        switch processes?.origin {
        case nil, .audit: false
        case .connector: true
        case .auto: !readsAudit
        }
    }

    /// Paths that may be watched; what is in a folder counts with it.
    private static let pathLimit = 256

    mutating func readAudit(_ document: Settings) throws -> SettingsSection {
        var section = document.section("audit")
        let file = try section.optionalText("file")
        let isNetlink = try section.flag("netlink", default: false)
        let start = try Self.start(&section)
        guard document.has("audit") else { return section }
        guard isNetlink else {
            let path = file ?? AuditEntry.usualFile
            // Both would keep their place under one name.
            guard !files.contains(where: { $0.path == path }) else {
                throw Self.malformed(section, "file", "another file than those of the [source.NAME] sections")
            }
            audit = .file(path, start: start)
            return section
        }
        guard file == nil else {
            throw Self.malformed(section, "netlink", "false where file stands: every event would come twice")
        }
        audit = .netlink
        return section
    }

    /// After the sources and audit were read.
    mutating func readProcesses(_ document: Settings) throws -> SettingsSection {
        var section = document.section("processes")
        var entry = ProcessesEntry()
        let text = try section.text("source", default: entry.origin.rawValue)
        guard let origin = ProcessesEntry.Origin(rawValue: text) else {
            throw Self.malformed(
                section, "source", "one of " + ProcessesEntry.Origin.allCases.map(\.rawValue).joined(separator: ", "))
        }
        entry.origin = origin
        entry.tellsEnds = try section.flag("ends", default: entry.tellsEnds)
        guard document.has("processes") else { return section }
        guard origin != .audit || readsAudit else {
            throw Self.malformed(section, "source", "another one: audit is not read here, [audit] is missing")
        }
        processes = entry
        return section
    }

    mutating func readSockets(_ document: Settings) throws -> SettingsSection {
        var section = document.section("sockets")
        var entry = SocketsEntry()
        entry.interval = try section.duration(
            "interval", default: entry.interval, in: .seconds(1) ... .seconds(3600))
        entry.seesLoopback = try section.flag("loopback", default: entry.seesLoopback)
        if document.has("sockets") { sockets = entry }
        return section
    }

    mutating func readIntegrity(_ document: Settings) throws -> SettingsSection {
        var section = document.section("integrity")
        let paths = try section.list("paths", default: IntegritySource.usual, of: "absolute paths") { Self.path($0) }
        let interval = try section.duration("interval", default: .seconds(600), in: .seconds(1) ... .seconds(86_400))
        guard document.has("integrity") else { return section }
        guard (1...Self.pathLimit).contains(paths.count) else {
            throw Self.malformed(section, "paths", "1 to \(Self.pathLimit) absolute paths")
        }
        integrity = IntegrityEntry(paths: paths, interval: interval)
        return section
    }

    /// An absolute path without a slash at its end; `nil` for another text.
    private static func path(_ text: String) -> String? {
        guard text.hasPrefix("/"), text.utf8.count < 4096, !text.utf8.contains(0) else { return nil }
        let end = text.utf8.lastIndex { $0 != UInt8(ascii: "/") }
        return end.map { String(text[...$0]) } ?? "/"
    }
}
