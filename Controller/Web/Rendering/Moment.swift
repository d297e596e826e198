package import CordonModel

/// An instant as pages show it: always UTC, and how far off.
package struct Moment: Sendable, Hashable {
    /// `2026-11-21T01:32:47Z`
    package let machine: String
    /// `2026-11-21 01:32:47 UTC`
    package let full: String
    /// `2026-11-21`
    package let day: String
    /// `01:32:47`
    package let clock: String
    /// `3 min ago`, `in 12 min`
    package let ago: String
}

extension Moment {
    /// The instant, seen from another.
    package init(_ instant: Timestamp, now: Timestamp) {
        machine = instant.rfc3339(fractionDigits: 0)
        day = String(machine.prefix(10))
        clock = String(machine.dropFirst(11).prefix(8))
        full = "\(day) \(clock) UTC"
        let away = instant - now
        if away.wholeSeconds > 0 {
            ago = "in \(Self.words(away))"
        } else {
            ago = away > .seconds(-1) ? "just now" : "\(Self.words(.zero - away)) ago"
        }
    }

    /// A span in its one or two greatest units, cut off: `45 s`, `12 min`, `4 h`, `1 h 30 min`, `3 d`.
    package static func words(_ span: Duration) -> String {
        let seconds = span.wholeSeconds
        switch seconds {
        case ..<60: return "\(max(0, seconds)) s"
        case ..<3600: return "\(seconds / 60) min"
        case ..<86_400:
            let minutes = seconds % 3600 / 60
            return minutes == 0 ? "\(seconds / 3600) h" : "\(seconds / 3600) h \(minutes) min"
        default:
            let hours = seconds % 86_400 / 3600
            return hours == 0 ? "\(seconds / 86_400) d" : "\(seconds / 86_400) d \(hours) h"
        }
    }
}
