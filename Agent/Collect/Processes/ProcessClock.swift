internal import CLinux
internal import CordonModel
internal import Glibc

/// Brings the kernel's clocks together: processes are told of by CLOCK_MONOTONIC, and their start is in clock ticks
/// after boot, which go on while the host is suspended.
struct ProcessClock: Sendable {
    let now: @Sendable () -> Timestamp
    /// Names this start of the host.
    let boot: String
    /// Ticks in a second.
    private let rate: Int64

    init(surroundings: Surroundings) {
        now = surroundings.now
        let text = AuditText.text(SmallFile.read("/proc/sys/kernel/random/boot_id", limit: 64) ?? [])
        boot = text.filter { $0.isHexDigit || $0 == "-" }
        rate = max(1, Int64(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Nanoseconds of CLOCK_MONOTONIC.
    static var monotonic: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Ticks after boot, now.
    var ticks: Int64 { clinux_boottime_ns() / (1_000_000_000 / rate) }

    /// Ticks after boot at an instant of CLOCK_MONOTONIC, if the host was not suspended since.
    func ticks(monotonic instant: UInt64) -> Int64 {
        let ago = Int64(clamping: Self.monotonic) - Int64(clamping: instant)
        return ticks - max(0, ago) / (1_000_000_000 / rate)
    }

    /// The wall clock's time of an instant of CLOCK_MONOTONIC; never later than now.
    func time(monotonic instant: UInt64) -> Timestamp {
        let ago = Int64(clamping: Self.monotonic) - Int64(clamping: instant)
        return now() - .nanoseconds(max(0, ago))
    }

    /// The wall clock's time of so many ticks after boot.
    func time(ticks: Int64) -> Timestamp {
        now() - .nanoseconds(max(0, clinux_boottime_ns() - ticks * (1_000_000_000 / rate)))
    }

    /// The same process and no other, over restarts.
    func entity(_ pid: Int64, start: Int64) -> String { "\(boot)-\(pid)-\(start)" }
}
