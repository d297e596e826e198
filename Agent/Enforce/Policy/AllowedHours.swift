package import CordonModel
internal import Glibc

/// When a kind of action may be begun on this host: `isolate mon-fri 08:00-18:00`, `delete_file 22:00-06:00`.
///
/// Nothing ends with the hours: what is in force lasts its time, ends by itself at any hour, and is undone at any hour.
package struct AllowedHours: Sendable, Hashable {
    package let kind: ActionKind
    private let hours: WeekHours

    /// Reads one entry; `nil` for what is none.
    package init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let kind = ActionKind(rawValue: String(words[0])), !kind.isUndo,
            let hours = WeekHours(String(words[1]))
        else { return nil }
        self.kind = kind
        self.hours = hours
    }

    /// Whether the moment of a week is within them.
    func hold(_ moment: (weekday: Int, minute: Int)) -> Bool { hours.hold(moment) }
}

/// Hours of some days of every week: `mon-fri 08:00-18:00`, `22:00-06:00`.
package struct WeekHours: Sendable, Hashable {
    /// 0 is Monday. Of hours over midnight, the day that they begin on.
    private let days: Set<Int>
    /// Minutes after midnight. An end that is not later than its beginning is on the day after.
    private let begin: Int
    private let end: Int

    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    private static let day = 1440

    /// Reads one entry; `nil` for what is none.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard (1...2).contains(words.count), let days = words.count == 2 ? Self.days(words[0]) : Set(0..<7) else {
            return nil
        }
        let hours = words[words.count - 1].split(separator: "-", omittingEmptySubsequences: false).map(Self.minutes)
        guard hours.count == 2, let begin = hours[0], let end = hours[1], begin < Self.day, begin != end else {
            return nil
        }
        self.days = days
        self.begin = begin
        self.end = end
    }

    /// Whether the moment of a week is within them.
    func hold(_ moment: (weekday: Int, minute: Int)) -> Bool {
        if begin < end { return days.contains(moment.weekday) && (begin..<end).contains(moment.minute) }
        return days.contains(moment.weekday) && moment.minute >= begin
            || days.contains((moment.weekday + 6) % 7) && moment.minute < end
    }

    /// `mon`, `mon-fri`, `sat,sun`.
    private static func days(_ text: Substring) -> Set<Int>? {
        var found: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                names.firstIndex(of: String($0))
            }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
            for offset in 0...(last - first + 7) % 7 { found.insert((first + offset) % 7) }
        }
        return found
    }

    /// `08:00`; 24:00 is the end of a day.
    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= day
        else { return nil }
        return hour * 60 + minute
    }
}

/// What the hours of a local policy are told in.
package enum HoursZone: Sendable, Hashable {
    /// So many seconds ahead of UTC.
    case fixed(Int64)
    /// The host's own zone, with its summer time: `/etc/localtime`.
    case host

    /// Reads `UTC`, `local` or an offset as `+02:00`.
    package init?(_ text: String) {
        switch text {
        case "UTC": self = .fixed(0)
        case "local": self = .host
        default:
            let bytes = Array(text.utf8)
            guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
                [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[0]),
                let hours = Int64(text.dropFirst().prefix(2)), let minutes = Int64(text.suffix(2)), hours <= 14,
                minutes < 60,
                hours >= 0, minutes >= 0
            else { return nil }
            self = .fixed((bytes[0] == UInt8(ascii: "-") ? -60 : 60) * (hours * 60 + minutes))
        }
    }

    /// The day of the week, 0 for Monday, and the minute of the day.
    func moment(of instant: Timestamp) -> (weekday: Int, minute: Int) {
        switch self {
        case .fixed(let offset):
            let (seconds, _) = instant.seconds.addingReportingOverflow(offset)
            let days = seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
            // 1970-01-01 was a Thursday.
            return (Int((days % 7 + 7 + 3) % 7), Int((seconds - days * 86_400) / 60))
        case .host:
            var time = time_t(instant.seconds)
            var parts = unsafe tm()
            guard unsafe localtime_r(&time, &parts) != nil else { return HoursZone.fixed(0).moment(of: instant) }
            return unsafe ((Int(parts.tm_wday) + 6) % 7, Int(parts.tm_hour) * 60 + Int(parts.tm_min))
        }
    }
}
