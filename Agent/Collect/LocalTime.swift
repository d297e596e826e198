package import CordonModel
internal import Glibc

/// The host's time zone, for log lines that do not name theirs.
package enum LocalTime {
    /// Seconds east of UTC at the instant, by the host's rules.
    @Sendable package static func offset(at instant: Timestamp) -> Int64 {
        var time = time_t(instant.seconds)
        var parts = unsafe tm()
        guard unsafe localtime_r(&time, &parts) != nil else { return 0 }
        return Int64(unsafe parts.tm_gmtoff)
    }
}
