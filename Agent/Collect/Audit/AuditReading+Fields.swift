internal import CordonModel
internal import CordonScan

extension EventFields {
    mutating func set(_ field: ECSField, _ text: String?) { if let text { self[field] = .text(text) } }
    mutating func set(_ field: ECSField, _ number: Int64?) { if let number { self[field] = .number(number) } }
    /// The first of the texts, as many as a field holds; none are not set.
    mutating func set(_ field: ECSField, _ texts: [String]) {
        if !texts.isEmpty { self[field] = .texts(Array(texts.prefix(FieldValue.textsLimit))) }
    }

    func text(_ field: ECSField) -> String? { if case .text(let text)? = self[field] { text } else { nil } }
}

extension AuditReading {
    /// Records that tell more of what another record says happened.
    private static let details: Set<String> = [
        "SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "SOCKADDR", "EOE", "FD_PAIR", "OBJ_PID", "MMAP", "BPRM_FCAPS",
        "SOCKETCALL", "IPC", "CAPSET", "AVC_PATH", "OPENAT2",
    ]

    func fields(of event: AuditEvent) -> EventFields {
        var fields: EventFields = [.eventModule: .text("auditd"), .eventDataset: .text("auditd.log")]
        fields.reserveCapacity(40)
        fields[.eventSequence] = .number(event.key.serial)
        fields[.eventID] = .text(event.key.node.isEmpty ? event.key.text : event.key.node + "/" + event.key.text)
        let call = event.first("SYSCALL")
        // What happened: the record that is not there to explain another, else the call.
        let subject = event.records.first { !Self.details.contains($0.type) } ?? call ?? event.records.first
        guard let subject else { return fields }
        fields[.eventCode] = .text(subject.type)
        let architecture = call?.text("arch").map { AuditSyscalls.architecture($0) ?? $0 }
        let number = call?.number("syscall")
        let name =
            number.flatMap { AuditSyscalls.name($0, on: architecture ?? "") }
            ?? call?.text("SYSCALL") ?? call?.text("syscall")
        fields.set(.auditArchitecture, architecture)
        fields.set(.auditSyscall, name)
        classify(subject, call, name, &fields)
        for record in [call, subject].compactMap(\.self).reversed() { describe(record, &fields) }
        if let call { identify(call, &fields) } else { identify(subject, &fields) }
        if AuditRecordTypes.standsAlone(subject.type) { account(subject, &fields) }
        explain(event, name, &fields)
        fields[.auditRecords] = .texts(AuditViews.texts(of: event, reading: self))
        if event.isPartial { fields[.tags] = .texts(["audit_partial"]) }
        summarize(&fields)
        note(&fields)
        return fields
    }

    // MARK: - What happened

    private func classify(_ subject: AuditRecord, _ call: AuditRecord?, _ name: String?, _ fields: inout EventFields) {
        var action = AuditAction.ofRecord(subject.type) ?? AuditAction.ofCall(name)
        if subject.type == "AVC" {
            action.action = subject.text("apparmor") == nil ? "violated-selinux-policy" : "violated-apparmor-policy"
        }
        let outcome = outcome(subject, call)
        // A program that was not found did not start.
        if outcome == "failure", action.action == "executed" { action.type = ["info"] }
        fields.set(.eventCategory, action.category)
        fields.set(.eventType, action.type)
        fields.set(.eventAction, action.action)
        fields[.eventOutcome] = .text(outcome)
        fields.set(.auditResult, call?.text("success") ?? subject.text("res") ?? subject.text("result"))
        if let exit = call?.number("exit") {
            fields[.auditExit] = .text(
                exit < 0 ? AuditSyscalls.error(Int64(clamping: exit.magnitude)) ?? String(exit) : String(exit))
        }
    }

    private func outcome(_ subject: AuditRecord, _ call: AuditRecord?) -> String {
        // A connection that is being made has not failed: EINPROGRESS.
        if call?.number("exit") == -115 { return "unknown" }
        switch call?.text("success") ?? subject.text("res") ?? subject.text("result") {
        case "yes", "success", "1": return "success"
        case "no", "failed", "fail", "0": return "failure"
        default: return "unknown"
        }
    }

    // MARK: - Who

    private func describe(_ record: AuditRecord, _ fields: inout EventFields) {
        fields.set(.processPID, record.number("pid"))
        fields.set(.processParentPID, record.number("ppid"))
        let executable = record.text("exe").map { $0.hasSuffix(" (deleted)") ? String($0.dropLast(10)) : $0 }
        fields.set(.processExecutable, executable)
        fields.set(.processName, record.text("comm") ?? executable?.split(separator: "/").last.map(String.init))
        fields.set(.processTTY, record.text("tty"))
        fields.set(.processWorkingDirectory, record.text("cwd"))
        fields.set(.processCommandLine, record.text("cmd"))
        if let keys = record.bytes("key"), record.text("key") != nil {
            fields.set(.auditKeys, keys.split(separator: 1).map { AuditText.text($0) })
        }
        if let session = record.identity("ses") { fields[.auditSession] = .text(String(session)) }
        if record.type == "SERVICE_START" || record.type == "SERVICE_STOP" {
            fields.set(.serviceName, record.text("unit"))
        }
        // A terminal that is none says which service asked.
        if record.text("terminal")?.hasPrefix("/dev/") == true { fields.set(.processTTY, record.text("terminal")) }
        peer(record, &fields)
    }

    private func identify(_ record: AuditRecord, _ fields: inout EventFields) {
        let login = record.identity("auid")
        if let login { fields[.auditLoginID] = .text(String(login)) }
        // The login's user survives sudo: it is who acts. Without a login it is the process's own.
        let name = login == nil ? "uid" : "auid"
        if AuditRecordTypes.standsAlone(record.type), login == nil, record.text("acct") != nil {
            // sshd asks as root for somebody else: root is not who logs in.
        } else if let user = record.identity(name) {
            fields[.userID] = .text(String(user))
            fields.set(.userName, named(user, name, in: record))
        }
        if let effective = record.identity("euid") {
            fields[.userEffectiveID] = .text(String(effective))
            fields.set(.userEffectiveName, named(effective, "euid", in: record))
        }
        if let group = record.identity("gid") {
            fields[.userGroupID] = .text(String(group))
            fields.set(.userGroupName, record.text("GID") ?? users.group(group))
        }
    }

    /// The user's name: the log's own word for it (ENRICHED), else this host's.
    func named(_ user: Int64, _ field: String, in record: AuditRecord) -> String? {
        let name = record.text(field.uppercased())
        return name == nil || name == "unset" || name == "unknown(\(user))" ? users.user(user) : name
    }

    /// Whom a user-space program speaks of.
    private func account(_ record: AuditRecord, _ fields: inout EventFields) {
        let (name, number) = (record.text("acct"), record.identity("id"))
        switch record.type {
        case "ADD_USER", "DEL_USER", "USER_MGMT", "USER_CHAUTHTOK", "ACCT_LOCK", "ACCT_UNLOCK":
            fields.set(.userTargetName, name ?? number.flatMap { users.user($0) })
            fields.set(.userTargetID, number.map { String($0) })
        case "ADD_GROUP", "DEL_GROUP", "GRP_MGMT", "GRP_CHAUTHTOK":
            fields.set(.groupName, record.text("grp") ?? name ?? number.flatMap { users.group($0) })
            fields.set(.groupID, number.map { String($0) })
        default:
            fields.set(.userEffectiveName, name ?? number.flatMap { named($0, "id", in: record) })
            fields.set(.userEffectiveID, number.map { String($0) })
            if fields[.userName] == nil, record.identity("auid") == nil { fields.set(.userName, name) }
        }
    }

    private func peer(_ record: AuditRecord, _ fields: inout EventFields) {
        guard record.type != "SYSCALL", let address = record.text("addr") ?? record.text("hostname") else { return }
        if let known = IPAddress(address) {
            fields[.sourceIP] = .text("\(known)")
            fields[.sourceAddress] = .text(address)
            fields[.networkDirection] = .text("ingress")
            fields.set(.sourcePort, record.number("rport"))
        } else if record.text("addr") != nil {
            fields[.sourceAddress] = .text(address)
        }
        if let host = record.text("hostname"), IPAddress(host) == nil, host != address {
            fields[.sourceDomain] = .text(host)
        }
    }

    // MARK: - Afterwards

    /// One line for people.
    private func summarize(_ fields: inout EventFields) {
        let what =
            fields.text(.processCommandLine) ?? fields.text(.filePath) ?? fields.text(.destinationIP)
            ?? fields.text(.processExecutable) ?? fields.text(.serviceName)
        let words = [fields.text(.eventAction) ?? fields.text(.eventCode), what].compactMap(\.self)
        fields[.message] = .text(AuditText.cut(words.joined(separator: " "), to: 1024))
    }

    /// Fills in the parent from the table, and tells the table of an execution.
    private func note(_ fields: inout EventFields) {
        guard case .number(let pid)? = fields[.processPID] else { return }
        var parent: Int64?
        if case .number(let number)? = fields[.processParentPID] { parent = number }
        if let entry = parent.flatMap({ processes.entry(of: $0) }) {
            fields.set(.processParentExecutable, entry.executable)
            fields.set(.processParentName, entry.executable?.split(separator: "/").last.map(String.init))
            fields.set(.processParentCommandLine, entry.commandLine)
        }
        guard fields.text(.eventAction) == "executed", fields.text(.eventOutcome) == "success" else { return }
        processes.note(
            ProcessTable.Entry(
                parent: parent, executable: fields.text(.processExecutable),
                commandLine: fields.text(.processCommandLine)),
            of: pid)
    }
}
