internal import CordonModel
internal import CordonScan

/// The fields of a journal entry that are used (systemd.journal-fields(7)).
struct JournalRecord {
    private var values: [String: ArraySlice<UInt8>] = [:]

    private static let wanted: Set<String> = [
        "MESSAGE", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "_PID", "_UID", "_COMM", "_EXE",
        "_CMDLINE",
        "_SYSTEMD_UNIT", "_HOSTNAME", "_SOURCE_REALTIME_TIMESTAMP",
    ]

    /// The first value of a field that stands there several times counts.
    mutating func take(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        let name = name.string
        if Self.wanted.contains(name), values[name] == nil { values[name] = value }
    }

    /// The entry, received at the instant.
    func record(receivedAt realtime: Timestamp) -> Record {
        let program = values["SYSLOG_IDENTIFIER"]?.string ?? values["_COMM"]?.string
        let pid = values["_PID"]?.decimal ?? values["SYSLOG_PID"]?.decimal
        let sent = values["_SOURCE_REALTIME_TIMESTAMP"]?.decimal.map { Timestamp(microseconds: $0) }
        var record = Record(
            text: Array(values["MESSAGE"] ?? []),
            envelope: .known(timestamp: sent ?? realtime, program: program, pid: pid)
        )
        record.fields[.hostName] = values["_HOSTNAME"].map { .text($0.string) }
        record.fields[.systemdUnit] = values["_SYSTEMD_UNIT"].map { .text($0.string) }
        record.fields[.processExecutable] = values["_EXE"].map { .text($0.string) }
        record.fields[.processCommandLine] = values["_CMDLINE"].map { .text($0.string) }
        record.fields[.logSyslogPriority] = values["PRIORITY"]?.decimal.map { severity in
            .number((values["SYSLOG_FACILITY"]?.decimal ?? 1) * 8 + severity)
        }
        if let program, !isPlausible(program) { record.fields[.tags] = .texts([Normalizer.unverified]) }
        return record
    }

    /// Any user can write to the journal under any identifier (`logger -t sshd`). The executable is journald's own
    /// knowledge: for programs whose words raise alarms it must be in a system folder and have the name. Where it is
    /// not known, root is believed.
    private func isPlausible(_ program: String) -> Bool {
        guard ["sshd", "sshd-session", "sshd-auth", "sudo", "su", "login"].contains(program) else { return true }
        guard let executable = values["_EXE"]?.string else {
            return values["_UID"].map { $0.decimal == 0 } ?? true
        }
        let name =
            executable.utf8.lastIndex(of: UInt8(ascii: "/")).map { executable[executable.utf8.index(after: $0)...] }
            ?? ""
        let isSystem = ["/usr/", "/bin/", "/sbin/", "/opt/", "/nix/store/"].contains { executable.hasPrefix($0) }
        return isSystem && (name == program || program.hasPrefix("sshd") && name.hasPrefix("sshd"))
    }
}
