package import CordonModel

/// A line of a syslog file, taken apart: what rsyslog and syslog-ng write by the names of RFC 3164, RFC 5424 and RFC
/// 3339.
package struct SyslogLine: Sendable {
    /// `nil` when the line's own time cannot be read.
    package var timestamp: Timestamp?
    package var host: String?
    package var program: String?
    package var pid: Int64?
    /// PROCID where it is no number (RFC 5424 §6.2.6).
    package var processID: String?
    /// MSGID (RFC 5424 §6.2.7).
    package var messageID: String?
    /// Facility × 8 + severity; only where the line starts with `<…>`.
    package var priority: Int64?
    /// What is left: the program's own words.
    package var message: ArraySlice<UInt8>

    /// Takes a line apart; what is no syslog line comes back as a message alone.
    ///
    /// RFC 3164 times have no year and no zone: the year is the latest that does not lie in the future, by more than a
    /// day, of `now`; the zone is `zoneOffset` seconds east of UTC.
    package init(_ line: ArraySlice<UInt8>, now: Timestamp, zoneOffset: Int64 = 0) {
        message = line
        var rest = line
        if rest.take("<") {
            guard let priority = rest.takeDecimal(), priority < 192, rest.take(">") else { return }
            self.priority = priority
            if rest.take("1 ") {
                readModern(rest)
                return
            }
        }
        guard let timestamp = Self.time(&rest, now: now, zoneOffset: zoneOffset), rest.first == 0x20 else {
            message = priority == nil ? line : rest
            return
        }
        self.timestamp = timestamp
        rest.skipSpaces()
        host = rest.word().string
        readTag(rest)
    }

    /// `program[pid]: message` or `program: message` (RFC 3164 §4.1.3).
    private mutating func readTag(_ rest: ArraySlice<UInt8>) {
        message = rest
        var rest = rest
        let name = rest.prefix(64).prefix { $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: ":") && $0 > 0x20 }
        rest.removeFirst(name.count)
        guard !name.isEmpty else { return }
        if rest.take("[") {
            let number = rest.prefix(32).prefix { $0 != UInt8(ascii: "]") && $0 > 0x20 }
            rest.removeFirst(number.count)
            guard rest.take("]") else { return }
            pid = number.decimal
        }
        guard rest.take(":") else {
            pid = nil
            return
        }
        program = name.string
        _ = rest.take(" ")
        message = rest
    }

    // MARK: - RFC 5424

    private mutating func readModern(_ start: ArraySlice<UInt8>) {
        var rest = start
        timestamp = Timestamp(rfc3339: rest.word().string)
        host = Self.field(&rest)
        program = Self.field(&rest)
        let process = Self.field(&rest)
        pid = process.flatMap { Array($0.utf8)[...].decimal }
        if pid == nil { processID = process }
        messageID = Self.field(&rest)
        if !rest.take("-") { Self.skipStructuredData(&rest) }
        _ = rest.take(" ")
        _ = rest.take("\u{FEFF}")
        message = rest
    }

    private static func field(_ rest: inout ArraySlice<UInt8>) -> String? {
        let word = rest.word().string
        return word == "-" || word.isEmpty ? nil : word
    }

    /// `[id name="value" …]…`, where `\` escapes inside quotes (RFC 5424 §6.3).
    private static func skipStructuredData(_ rest: inout ArraySlice<UInt8>) {
        var quoted = false
        while rest.first == UInt8(ascii: "[") || quoted {
            while let byte = rest.popFirst() {
                if quoted, byte == UInt8(ascii: "\\") {
                    rest = rest.dropFirst()
                } else if byte == UInt8(ascii: "\"") {
                    quoted.toggle()
                } else if !quoted, byte == UInt8(ascii: "]") {
                    break
                }
            }
            if rest.isEmpty { return }
        }
    }

    // MARK: - Times

    private static func time(_ rest: inout ArraySlice<UInt8>, now: Timestamp, zoneOffset: Int64) -> Timestamp? {
        if rest.first?.isDigit == true {
            var after = rest
            let word = after.prefix(40).prefix { $0 != 0x20 }
            guard let timestamp = Timestamp(rfc3339: word.string) else { return nil }
            after.removeFirst(word.count)
            rest = after
            return timestamp
        }
        var after = rest
        guard let month = month(&after) else { return nil }
        after.skipSpaces()
        guard let day = after.takeDecimal(), after.take(" "), let second = secondOfDay(&after),
            let midnight = midnight(month: month, day: day, now: now, zoneOffset: zoneOffset)
        else { return nil }
        rest = after
        return midnight + .seconds(second)
    }

    private static func month(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let names: [StaticString] = [
            "Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec ",
        ]
        for (index, name) in names.enumerated() where rest.take(name) { return Int64(index + 1) }
        return nil
    }

    private static func secondOfDay(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        rest.skipSpaces()
        guard let hour = rest.takeDecimal(), hour < 24, rest.take(":"), let minute = rest.takeDecimal(), minute < 60,
            rest.take(":"), let second = rest.takeDecimal(), second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// The start of that day in the latest year that has it and in which it is not yet to come.
    private static func midnight(month: Int64, day: Int64, now: Timestamp, zoneOffset: Int64) -> Timestamp? {
        let local = CivilDay(daysSinceEpoch: (now + .seconds(zoneOffset)).seconds / 86_400)
        for back in Int64(-1)...8 {
            guard let civil = CivilDay(year: local.year - back, month: month, day: day) else { continue }
            let midnight = Timestamp(seconds: civil.daysSinceEpoch * 86_400 - zoneOffset)
            if midnight <= now + .seconds(86_400) { return midnight }
        }
        return nil
    }
}
