internal import CordonMatch
internal import CordonModel

extension Atom.Test {
    /// Whether it holds of one value. Those that look beyond one value are answered elsewhere.
    func holds(of entry: SigmaRecord.Entry, in record: borrowing SigmaRecord) -> Bool {
        guard entry.kind == .text else { return false }
        switch self {
        case .pattern(let matcher, let isCased):
            return matcher.matches(record.bytes.span.extracting(isCased ? entry.raw : entry.folded))
        case .expression(let expression): return expression.matches(record.bytes.span.extracting(entry.raw))
        case .network(let network): return IPAddress(record.text(entry)).map(network.contains) ?? false
        case .number(let comparison, let bound):
            return Self.number(record.text(entry)).map { comparison.holds($0, bound) } ?? false
        case .time(let part, let comparison, let bound):
            return part.value(of: record.text(entry)).map { comparison.holds($0, bound) } ?? false
        case .decided, .exists, .isNull, .field: return false
        }
    }

    /// The number that a decimal text spells, with spaces around it at most; `nil` for anything else, as `inf` or `0x1`.
    static func number(_ text: String) -> Double? {
        let trimmed = text.utf8.drop { $0 == 0x20 }
        guard trimmed.count <= 64, trimmed.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || "+-.eE ".utf8.contains($0) })
        else { return nil }
        let end = trimmed.lastIndex { $0 != 0x20 }
        guard let end, let number = Double(Substring(trimmed[...end])), number.isFinite else { return nil }
        return number
    }
}

extension SigmaRecord {
    /// A copy of a value's text, folded unless it is wanted as it is.
    fileprivate func bytes(_ entry: Entry, isCased: Bool) -> [UInt8] {
        isCased ? Array(bytes[entry.raw]) : bytes[entry.folded].map { Folding.lower($0) }
    }
}

extension Comparison {
    func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        case .notEqual: left != right
        }
    }
}

extension Placement {
    /// Whether the right value stands in the left one so.
    func holds(
        _ left: SigmaRecord.Entry, _ right: SigmaRecord.Entry, in record: borrowing SigmaRecord, isCased: Bool
    ) -> Bool {
        guard left.kind == .text, right.kind == .text else { return false }
        let (text, part) = (record.bytes(left, isCased: isCased), record.bytes(right, isCased: isCased))
        switch self {
        case .whole: return text == part
        case .prefix: return text.starts(with: part)
        case .suffix: return text.reversed().starts(with: part.reversed())
        case .within: return Self.contains(text, part)
        }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }
}

extension TimePart {
    /// The part, in UTC, of an instant written as RFC 3339, or with a space for the `T`, or without an offset (then UTC,
    /// as Sysmon writes `UtcTime`); `nil` for anything else. Weeks are those of ISO 8601.
    func value(of text: String) -> Int? {
        var bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes.count <= 40 else { return nil }
        if bytes[10] == 0x20 { bytes[10] = UInt8(ascii: "T") }
        let hasOffset = bytes[19...].contains { !($0 == 0x2E || ($0 >= 0x30 && $0 <= 0x39)) }
        if !hasOffset { bytes.append(UInt8(ascii: "Z")) }
        guard let instant = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) else { return nil }
        let days = Int64((Double(instant.seconds) / 86_400).rounded(.down))
        let second = instant.seconds - days * 86_400
        switch self {
        case .minute: return Int(second % 3600 / 60)
        case .hour: return Int(second / 3600)
        case .day: return Int(CivilDay(daysSinceEpoch: days).day)
        case .week: return Self.week(days)
        case .month: return Int(CivilDay(daysSinceEpoch: days).month)
        case .year: return Int(CivilDay(daysSinceEpoch: days).year)
        }
    }

    /// The week that holds the day: week 1 is the one with the year's first Thursday.
    private static func week(_ days: Int64) -> Int? {
        // 1970-01-01 was a Thursday; a week's Thursday tells its year.
        let weekday = ((days + 3) % 7 + 7) % 7
        let thursday = days - weekday + 3
        let year = CivilDay(daysSinceEpoch: thursday).year
        return CivilDay(year: year, month: 1, day: 1).map { Int((thursday - $0.daysSinceEpoch) / 7) + 1 }
    }
}
