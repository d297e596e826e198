internal import CordonModel
internal import CordonScan

/// Makes records of what happened to processes: ECS's fields, as `Documentation/processes.md` says.
struct ProcessReading: Sendable {
    let users: UserNames
    let processes: ProcessTable
    let clock: ProcessClock

    static let module = "processes"
    /// The tag of what was not heard of when it happened, but found afterwards.
    static let rescan = "rescan"

    // MARK: - Starts

    /// A program was executed.
    func started(
        _ pid: Int64, _ details: ProcessDetails, parent: Int64?, at time: Timestamp, isFound: Bool = false
    ) -> Record {
        var fields = fields(of: pid, type: "start", action: isFound ? "found_running" : "executed")
        fields[.eventOutcome] = .text("success")
        fields.set(.processName, details.status?.name)
        fields.set(.processExecutable, details.executable)
        fields.set(.processCommandLine, details.commandLine.map { AuditText.cut($0, to: ProcessDetails.argumentBytes) })
        fields.set(.processArguments, details.arguments)
        if !details.arguments.isEmpty { fields[.processArgumentCount] = .number(Int64(details.arguments.count)) }
        fields.set(.processWorkingDirectory, details.workingDirectory)
        fields.set(.containerID, details.container)
        set(start: details.status?.start, of: pid, &fields)
        identify(details, &fields)
        let parent = parent ?? details.status?.parent
        describe(parent: parent, &fields)
        var tags = isFound ? [Self.rescan] : []
        if let absence = details.absence { tags.append(absence.rawValue) }
        if details.isCut { tags.append(Record.cut) }
        fields.set(.tags, tags)
        let what = details.commandLine ?? details.executable ?? details.status?.name ?? "process \(pid)"
        fields[.message] = .text(AuditText.cut("\(isFound ? "runs" : "executed") \(what)", to: 1024))
        note(pid, details, parent)
        return record(fields, ["what": isFound ? "found" : "exec", "pid": .integer(pid)], at: time)
    }

    private func identify(_ details: ProcessDetails, _ fields: inout EventFields) {
        // As of audit: who logged on is who acts, whatever they became; the rights are the effective user's.
        if let user = details.login ?? details.user {
            fields[.userID] = .text(String(user))
            fields.set(.userName, users.user(user))
        }
        if let effective = details.effectiveUser {
            fields[.userEffectiveID] = .text(String(effective))
            fields.set(.userEffectiveName, users.user(effective))
        }
        if let group = details.group {
            fields[.userGroupID] = .text(String(group))
            fields.set(.userGroupName, users.group(group))
        }
        if let login = details.login { fields[.auditLoginID] = .text(String(login)) }
    }

    private func describe(parent: Int64?, _ fields: inout EventFields) {
        guard let parent, parent > 0 else { return }
        fields[.processParentPID] = .number(parent)
        guard let entry = processes.entry(of: parent) else { return }
        fields.set(.processParentExecutable, entry.executable)
        fields.set(.processParentName, entry.executable?.split(separator: "/").last.map(String.init))
        fields.set(.processParentCommandLine, entry.commandLine)
    }

    /// What others say of the process as a parent, and its own end.
    func note(_ pid: Int64, _ details: ProcessDetails, _ parent: Int64?) {
        processes.note(
            ProcessTable.Entry(parent: parent, executable: details.executable, commandLine: details.commandLine),
            of: pid)
    }

    /// A fork is what its parent is, until it executes something.
    func inherit(_ pid: Int64, from parent: Int64) {
        guard var entry = processes.entry(of: parent) else { return }
        entry.parent = parent
        processes.note(entry, of: pid)
    }

    // MARK: - Ends

    /// A process ended.
    /// - Parameter status: as wait(2) says it; `nil` where nobody heard of the end.
    func ended(_ pid: Int64, _ entry: LiveProcesses.Entry, status: UInt32?, at time: Timestamp) -> Record {
        var fields = fields(of: pid, type: "end", action: "exited")
        let known = processes.known(pid)
        fields.set(.processExecutable, known?.executable)
        fields.set(.processName, known?.executable?.split(separator: "/").last.map(String.init))
        fields.set(.processCommandLine, known?.commandLine)
        if let parent = entry.parent, parent > 0 { fields[.processParentPID] = .number(parent) }
        set(start: entry.start, of: pid, &fields)
        var what = "ended"
        if let status {
            fields[.processEnd] = .text("\(time)")
            let (code, signal) = (Int64(status >> 8 & 0xFF), Int64(status & 0x7F))
            // As shells say it: a death by signal is 128 and its number.
            fields[.processExitCode] = .number(signal == 0 ? code : 128 + signal)
            if signal != 0 { fields[.eventReason] = .text("signal \(signal)") }
            what = signal == 0 ? "ended with \(code)" : "was ended by signal \(signal)"
        } else {
            fields[.tags] = .texts([Self.rescan])
        }
        fields[.message] = .text(AuditText.cut("\(known?.executable ?? "process \(pid)") \(what)", to: 1024))
        let original: JSONValue = [
            "what": "exit", "pid": .integer(pid), "status": status.map { .integer(Int64($0)) } ?? nil,
        ]
        return record(fields, original, at: time)
    }

    // MARK: - Both

    private func fields(of pid: Int64, type: String, action: String) -> EventFields {
        var fields: EventFields = [
            .eventModule: .text(Self.module), .eventDataset: .text(Self.module), .eventCategory: .texts(["process"]),
            .eventType: .texts([type]), .eventAction: .text(action), .processPID: .number(pid),
        ]
        fields.reserveCapacity(32)
        return fields
    }

    private func set(start: Int64?, of pid: Int64, _ fields: inout EventFields) {
        guard let start else { return }
        fields[.processStart] = .text("\(clock.time(ticks: start))")
        fields[.processEntityID] = .text(clock.entity(pid, start: start))
    }

    private func record(_ fields: EventFields, _ original: JSONValue, at time: Timestamp) -> Record {
        Record(
            text: original.bytes(), envelope: .known(timestamp: time, program: nil, pid: nil), fields: fields)
    }
}
