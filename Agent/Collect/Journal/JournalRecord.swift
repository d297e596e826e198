internal import CordonModel
internal import CordonScan

/// The fields of a journal entry that are used (systemd.journal-fields(7)). One is used for all entries, one after the
/// other: most values are those of the entry before, and need not be made again.
struct JournalRecord {
    /// Names, as they stand in the journal. The order is that of `Slot`.
    private static let names: [StaticString] = [
        "SYSLOG_IDENTIFIER=", "_COMM=", "_EXE=", "_CMDLINE=", "_SYSTEMD_UNIT=", "_HOSTNAME=", "_TRANSPORT=",
        "_BOOT_ID=", "MESSAGE_ID=", "PRIORITY=", "SYSLOG_FACILITY=", "SYSLOG_PID=", "_PID=", "_UID=",
        "_SOURCE_REALTIME_TIMESTAMP=", "N_DROPPED=",
    ]

    private enum Slot: Int, CaseIterable {
        case identifier, command, executable, commandLine, unit, host, transport, boot, messageID
        case priority, facility, sentPID, pid, user, sent, dropped
    }

    fileprivate struct Value {
        var bytes: [UInt8] = []
        var text = ""
        var number: Int64?
        /// Whether this entry has it.
        var isThere = false
    }

    private var values = [Value](repeating: Value(), count: Slot.allCases.count)
    private var message: [UInt8] = []
    private var hasMessage = false
    private var isCut = false
    /// Fields that whoever wrote the entry gave it and that have no place in an event: kept under their own names.
    private var others: [(name: String, value: String)] = []
    /// Fields of this entry, of any name.
    private(set) var count = 0

    /// Bytes of those: any user may write as many as journald takes, and each event is held whole.
    private var otherBytes = 0

    private static let otherLimit = 64
    private static let otherBytesLimit = 64 << 10
    /// The same as the message and its time, once more.
    private static let repeating: Set<String> = ["syslog_raw", "syslog_timestamp"]

    /// Forgets the entry, not its values.
    mutating func clear() {
        for index in values.indices { values[index].isThere = false }
        message = []
        others.removeAll(keepingCapacity: true)
        (hasMessage, isCut, count, otherBytes) = (false, false, 0, 0)
    }

    // MARK: - Taking

    /// Takes `NAME=value`. The first value of a field that stands there several times counts.
    mutating func take(_ field: Span<UInt8>) {
        count += 1
        guard field.count > 4 else { return }
        if field[0] == UInt8(ascii: "M"), field.starts(with: "MESSAGE=") {
            takeMessage(field)
            return
        }
        for (index, name) in Self.names.enumerated() where field.starts(with: name) {
            if !values[index].isThere { values[index].take(field.extracting(droppingFirst: name.utf8CodeUnitCount)) }
            return
        }
        takeOther(field)
    }

    /// Names that begin with `_` are journald's own: what it knows of the sender beyond what is used. Names are of capital
    /// letters, digits and `_` (systemd.journal-fields(7)); others only a damaged journal has.
    private mutating func takeOther(_ field: Span<UInt8>) {
        guard field[0] != UInt8(ascii: "_"), others.count < Self.otherLimit else { return }
        var end = 0
        while end < min(field.count, Self.otherLimit + 1), Self.isName(field[end]) { end += 1 }
        guard end > 0, end < field.count, field[end] == UInt8(ascii: "=") else { return }
        let name = field.extracting(first: end).copy[...].string.lowercased()
        guard !Self.repeating.contains(name) else { return }
        let value = field.extracting(droppingFirst: end + 1).extracting(first: Value.limit).copy
        otherBytes += name.utf8.count + value.count
        guard otherBytes <= Self.otherBytesLimit else {
            isCut = true
            return
        }
        others.append((name, value[...].string))
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private mutating func takeMessage(_ field: Span<UInt8>) {
        guard !hasMessage else { return }
        hasMessage = true
        let value = field.extracting(droppingFirst: 8)
        isCut = value.count >= FileTail.lineLimit
        message = value.extracting(first: FileTail.lineLimit).copy
    }

    // MARK: - What it says

    private func text(_ slot: Slot) -> String? { values[slot.rawValue].isThere ? values[slot.rawValue].text : nil }

    private func number(_ slot: Slot) -> Int64? { values[slot.rawValue].isThere ? values[slot.rawValue].number : nil }

    /// How many messages journald itself threw away before this entry; `nil` when this is no such entry.
    var suppressed: Int? {
        // Only journald's own words come by this way: a program cannot forge them.
        guard let id = text(.messageID), Self.losses.contains(id), text(.transport) == "driver" else { return nil }
        return Int(clamping: max(0, number(.dropped) ?? Self.firstNumber(message[...]) ?? 0))
    }

    /// What journald says, for people.
    var words: String { message.prefix(200).string }

    /// SD_MESSAGE_JOURNAL_DROPPED ("Suppressed 55 messages from …") and SD_MESSAGE_JOURNAL_MISSED (of the kernel's).
    static let losses = ["a596d6fe7bfa4994828e72309e95d61e", "e9bf28e6e834481bb6f48f548ad13606"]

    private static func firstNumber(_ text: ArraySlice<UInt8>) -> Int64? {
        let digits = text.drop { !$0.isDigit }.prefix { $0.isDigit }
        return digits.count < 18 ? digits.decimal : nil
    }

    /// The entry, received at the instant.
    mutating func record(receivedAt realtime: Timestamp) -> Record {
        let program = text(.identifier) ?? text(.command)
        let sent = number(.sent).map { Timestamp(microseconds: $0) }
        let pid = number(.pid) ?? number(.sentPID)
        var record = Record(text: message, envelope: .known(timestamp: sent ?? realtime, program: program, pid: pid))
        record.fields.reserveCapacity(16)
        record.fields[.hostName] = text(.host).map { .text($0) }
        record.fields[.systemdUnit] = text(.unit).map { .text($0) }
        record.fields[.processExecutable] = text(.executable).map { .text($0) }
        record.fields[.processCommandLine] = text(.commandLine).map { .text($0) }
        record.fields[.journalTransport] = text(.transport).map { .text($0) }
        record.fields[.journalBootID] = text(.boot).map { .text($0) }
        record.fields[.logSyslogPriority] = number(.priority).flatMap { severity in
            guard (0...7).contains(severity) else { return nil }
            let facility = number(.facility).flatMap { (0...127).contains($0) ? $0 : nil }
            return .number((facility ?? 1) * 8 + severity)
        }
        for (name, value) in others where record.fields[named: "journald.custom.\(name)"] == nil {
            record.fields[named: "journald.custom.\(name)"] = .text(value)
        }
        var tags: [String] = []
        if let program, !isPlausible(program) { tags.append(Normalizer.unverified) }
        if isCut { tags.append(Record.cut) }
        if !Encoding.isUTF8(message) { tags.append(Record.invalid) }
        if !tags.isEmpty { record.fields[.tags] = .texts(tags) }
        return record
    }

    /// Any user can write to the journal under any identifier (`logger -t sshd`). The executable is journald's own
    /// knowledge: for programs whose words raise alarms it must be in a system folder and have the name. Where it is
    /// not known, root is believed.
    private func isPlausible(_ program: String) -> Bool {
        guard Self.alarming.contains(program) else { return true }
        guard let executable = text(.executable) else {
            return values[Slot.user.rawValue].isThere ? number(.user) == 0 : true
        }
        let name =
            executable.utf8.lastIndex(of: UInt8(ascii: "/")).map { executable[executable.utf8.index(after: $0)...] }
            ?? ""
        let isSystem = ["/usr/", "/bin/", "/sbin/", "/opt/", "/nix/store/"].contains { executable.hasPrefix($0) }
        return isSystem && (name == program || program.hasPrefix("sshd") && name.hasPrefix("sshd"))
    }

    private static let alarming: Set<String> = ["sshd", "sshd-session", "sshd-auth", "sudo", "su", "login"]
}

extension JournalRecord.Value {
    /// Bytes of one value that are kept; command lines may be long.
    fileprivate static let limit = 16 * 1024

    fileprivate mutating func take(_ value: Span<UInt8>) {
        isThere = true
        let value = value.extracting(first: Self.limit)
        guard !value.holds(bytes) else { return }
        bytes = value.copy
        text = bytes[...].string
        number = bytes[...].decimal
    }
}
