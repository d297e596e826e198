/// An instant of the wall clock: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX).
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since the Unix epoch; negative before it.
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// Whole seconds since the Unix epoch; saturates instead of overflowing.
    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since the Unix epoch, rounded down.
    package var seconds: Int64 { microseconds.flooredQuotient(1_000_000) }

    /// Whole milliseconds since the Unix epoch, rounded down (the unit of OpenC2 times).
    package var milliseconds: Int64 { microseconds.flooredQuotient(1000) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// The instant that much later; saturates instead of overflowing.
    package static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = instant.microseconds.addingReportingOverflow(duration.microseconds)
        return Timestamp(microseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The instant that much earlier; saturates instead of overflowing.
    package static func - (instant: Timestamp, duration: Duration) -> Timestamp {
        let (difference, overflow) = instant.microseconds.subtractingReportingOverflow(duration.microseconds)
        return Timestamp(microseconds: overflow ? (duration < .zero ? .max : .min) : difference)
    }

    /// How much later the left instant is than the right one.
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return .microseconds(overflow ? (left > right ? Int64.max : Int64.min) : difference)
    }
}

extension Timestamp: Codable {
    /// Reads RFC 3339 text.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let instant = Timestamp(rfc3339: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time")
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-21T01:09:00.123Z`.
    package var description: String { rfc3339(fractionDigits: 3) }

    /// The years 0000 to 9999, which are all that RFC 3339 can say.
    private static let writable: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999

    /// RFC 3339 in UTC with 0, 3 or 6 digits of fraction, cut off, not rounded. An instant outside of the years 0000 to 9999,
    /// which a peer can send, is written as the nearest of them.
    package func rfc3339(fractionDigits: Int) -> String {
        let microseconds = min(max(self.microseconds, Self.writable.lowerBound), Self.writable.upperBound)
        let day = CivilDay(daysSinceEpoch: microseconds.flooredQuotient(86_400_000_000))
        let ofDay = microseconds - microseconds.flooredQuotient(86_400_000_000) * 86_400_000_000
        let second = ofDay / 1_000_000
        var text = "\(padded(day.year, 4))-\(padded(day.month, 2))-\(padded(day.day, 2))"
        text += "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        switch fractionDigits {
        case 0: break
        case 3: text += ".\(padded(ofDay % 1_000_000 / 1000, 3))"
        default: text += ".\(padded(ofDay % 1_000_000, 6))"
        }
        return text + "Z"
    }

    /// Reads RFC 3339 §5.6 with any offset; fractions beyond microseconds are cut off. `nil` for anything else.
    package init?(rfc3339 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 64,
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] | 0x20 == UInt8(ascii: "t"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            let civil = CivilDay(year: year, month: month, day: day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { number([$0][...]) != nil }
            guard let value = number(digits.prefix(6)) else { return nil }
            fraction = (digits.count..<max(6, digits.count)).reduce(value) { product, _ in product * 10 }
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = Self.offsetSeconds(rest) else { return nil }
        let seconds = civil.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }

    /// The seconds east of UTC that `Z` or `±hh:mm` says; `nil` for anything else.
    private static func offsetSeconds(_ text: ArraySlice<UInt8>) -> Int64? {
        let bytes = Array(text)
        if bytes == [UInt8(ascii: "Z")] || bytes == [UInt8(ascii: "z")] { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hour = number(bytes[1..<3]), hour < 24,
            let minute = number(bytes[4..<6]), minute < 60
        else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "+"): return hour * 3600 + minute * 60
        case UInt8(ascii: "-"): return -(hour * 3600 + minute * 60)
        default: return nil
        }
    }
}

/// A day of the proleptic Gregorian calendar, by the algorithm of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
package struct CivilDay: Sendable, Hashable {
    package let year: Int64
    /// 1 to 12.
    package let month: Int64
    /// 1 to 31.
    package let day: Int64

    /// `nil` for a day that the calendar does not have.
    package init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), (1...31).contains(day), (0...9999).contains(year) else { return nil }
        self.init(unchecked: year, month, day)
        guard CivilDay(daysSinceEpoch: daysSinceEpoch) == self else { return nil }
    }

    private init(unchecked year: Int64, _ month: Int64, _ day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day that many days after 1970-01-01.
    package init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.init(unchecked: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Days after 1970-01-01; negative before it.
    package var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Duration {
    /// Whole microseconds, cut off; saturates instead of overflowing.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflow2) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, cut off.
    package var milliseconds: Int64 { microseconds / 1000 }

    /// Whole seconds, cut off.
    package var wholeSeconds: Int64 { components.seconds }
}

extension Int64 {
    /// The quotient rounded towards negative infinity.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

private func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for byte in digits {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return digits.isEmpty ? nil : value
}
