internal import AgentCollect
internal import AgentUplink
internal import ArgumentParser
internal import CordonModel
internal import CordonScan
internal import CordonSignals
internal import CordonTrust
internal import CordonWire
internal import Glibc

/// `cordon-agent check`: whether a start would work, without starting.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the settings, the identity, the sources and the enforcer. Exits with 0 when all is well.",
        discussion: """
            EXAMPLES
              cordon-agent check
            """
    )

    @OptionGroup var settingsOption: SettingsOption

    func run() async throws {
        var isWell = true
        func note(_ what: String, _ fault: String?) {
            print("\(fault == nil ? "ok  " : "FAIL") \(what)" + (fault.map { ": \($0)" } ?? ""))
            if fault != nil { isWell = false }
        }
        /// What works, but sees less than one may think.
        func warn(_ what: String, _ words: String?) {
            if let words { print("warn \(what): \(words)") }
        }
        let settings: AgentSettings
        do { settings = try AgentSettings.load(settingsOption.path, required: settingsOption.isNamed) } catch {
            note("settings", "\(error)")
            throw ExitCode(1)
        }
        note("settings", nil)
        note("identity", fault { try identity(settings) })
        warn("rights", otherRights(settings))
        for path in settings.files.map(\.path) {
            guard let files = FileSource.followed(path) else {
                note("source \(path)", unreadable(path))
                continue
            }
            if files.isEmpty { warn("source \(path)", "no file fits the pattern; it is read when there is one") }
            let count = files.count == 1 ? "1 file" : "\(files.count) files"
            if !files.isEmpty { note("source \(path), \(count)", unreadable(of: files)) }
        }
        journal(settings, note, warn)
        switch settings.audit {
        case .file(let path, _)?: note("audit \(path)", unreadable(path))
        case .netlink?: note("audit of the kernel", AuditNetlink.isPermitted ? nil : "it needs CAP_AUDIT_READ")
        case nil: break
        }
        if settings.readsConnector {
            note("processes of the kernel", ProcessSource.obstacle.map { "\($0)" })
            warn("processes", ProcessSource.blindness)
            if settings.readsAudit { warn("processes", "audit tells of executions too: they may come twice") }
        } else if settings.processes != nil {
            note("processes of audit", nil)
            warn("processes", "only rules for execve make audit tell of them; it does not tell of their ends")
        }
        if settings.sockets != nil {
            note("sockets of the kernel", SocketSource.obstacle.map { "\($0)" })
            warn("sockets", SocketSource.blindness)
        }
        if let integrity = settings.integrity { note("integrity of \(integrity.paths.count) paths", nil) }
        do {
            let status = try await EnforcerClient(socket: settings.enforcerSocket, surroundings: .live).status()
            note("enforcer \(status.version), order keys version \(status.keySetVersion)", nil)
        } catch {
            note("enforcer", "\(error)")
        }
        if !isWell { throw ExitCode(1) }
    }

    /// Whether the journal is read and can be, and from where.
    private func journal(
        _ settings: AgentSettings, _ note: (String, String?) -> Void, _ warn: (String, String?) -> Void
    ) {
        switch settings.journalIsOff {
        case .disabled(let place)?: return warn("journal", "not read: \(place) says enabled = false")
        case .byFiles?:
            return warn(
                "journal",
                "not read, because a [source.NAME] stands in the settings; enabled = true under [journal] reads it too")
        case nil: break
        }
        guard let entry = settings.journal else { return }
        let name = entry.scope.name
        let positions: JSONObject?
        do { positions = try PositionStore.look(settings.positionsFile) } catch {
            warn(name, "how far it was read cannot be told: \(error)")
            positions = nil
        }
        if !entry.identifiers.isEmpty { warn(name, "only entries of \(entry.identifiers.joined(separator: ", "))") }
        switch JournalLook(entry.scope, start: entry.start, position: positions?[name]) {
        case .closed(let number):
            let remedy =
                [EACCES, EPERM].contains(number) ? "; let the agent's user be in the group systemd-journal" : ""
            note(name, "it cannot be read (\(unsafe String(cString: strerror(number))))\(remedy)")
        case .blind:
            // Of root nothing is hidden.
            let isRoot = geteuid() == 0
            let why = isRoot ? "it is empty" : "it is empty, or this user is not in the group systemd-journal"
            (isRoot ? warn : note)(name, "no entry of it can be seen: \(why)")
        case .begins(nil): note("\(name), to be read from now on: what stands in it already is not", nil)
        case .begins(let first?): note("\(name), to be read from its beginning, \(first)", nil)
        case .goesOn(let last): note("\(name), goes on behind the entry of \(last)", nil)
        case .lost(let last):
            note(name, nil)
            warn(name, "the entry of \(last), which was read last, is gone: what came behind it may be lost")
        }
    }

    /// How many cannot be read, and why the first cannot.
    private func unreadable(of files: [String]) -> String? {
        let faults = files.compactMap { path in unreadable(path).map { "\(path): \($0)" } }
        return faults.first.map { "\(faults.count) cannot be read, as \($0)" }
    }

    /// Who asks may see more or less than the agent will, whose user the state belongs to.
    private func otherRights(_ settings: AgentSettings) -> String? {
        var state = stat()
        guard unsafe stat(settings.state, &state) == 0, state.st_uid != geteuid() else { return nil }
        return
            "this is what user \(geteuid()) may see; the agent, as user \(state.st_uid), says in its log what it may not"
    }

    /// Tried, not asked of access(2): that leaves the capabilities of a user out.
    private func unreadable(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return unsafe String(cString: strerror(errno)) }
        close(file)
        return nil
    }

    private func identity(_ settings: AgentSettings) throws {
        let uplink = try settings.uplink()
        guard KeyFile.exists(uplink.identityFile) else { throw UplinkError.notEnrolled(uplink.stateFolder) }
        let credentials = try AgentCredentials(file: uplink.identityFile)
        _ = try credentials.anchor.agent(certificate: credentials.certificate, at: Surroundings.live.now())
    }

    private func fault(_ work: () throws -> Void) -> String? {
        do {
            try work()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
