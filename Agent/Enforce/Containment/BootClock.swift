internal import CLinux
package import CordonModel

/// Two clocks: the wall's, which anybody with rights may set, and the one that has counted since boot, which nobody
/// can.
///
/// Within one boot, deadlines are kept by the boot clock. After a reboot only the wall clock can tell what is left; the
/// remainder is then at most the whole duration, and the whole duration when the wall clock reads before the beginning.
package struct BootClock: Sendable {
    package var now: @Sendable () -> Timestamp
    /// Nanoseconds after boot, suspension included.
    package var sinceBoot: @Sendable () -> Int64
    /// Tells one boot from another.
    package var boot: String

    package init(now: @escaping @Sendable () -> Timestamp, sinceBoot: @escaping @Sendable () -> Int64, boot: String) {
        self.now = now
        self.sinceBoot = sinceBoot
        self.boot = boot
    }

    /// The machine's.
    package static var live: BootClock {
        BootClock(
            now: { Timestamp(microseconds: clinux_realtime_us()) },
            sinceBoot: { clinux_boottime_ns() },
            boot: TextFile.line("/proc/sys/kernel/random/boot_id") ?? "")
    }

    /// A term of that length that begins now.
    func term(_ duration: Duration) -> Term {
        Term(start: now(), duration: duration, boot: boot, startSinceBoot: sinceBoot())
    }

    /// What is left of a term; zero or less when it is over.
    func remaining(of term: Term) -> Duration {
        if term.boot == boot { return term.duration - .nanoseconds(sinceBoot() - term.startSinceBoot) }
        let elapsed = now() - term.start
        return elapsed < .zero ? term.duration : term.duration - elapsed
    }
}

/// A limited time: when it began by both clocks, and how long it is.
package struct Term: Sendable, Hashable {
    package var start: Timestamp
    package var duration: Duration
    package var boot: String
    package var startSinceBoot: Int64

    /// What is to last until somebody ends it is given so long: a hundred years.
    static let endless = Duration.seconds(100 * 366 * 86_400)
    /// Whether it was meant to have no end, whatever of it has gone by.
    var isEndless: Bool { duration > Self.endless / 2 }

    /// By the wall clock, as it was at the start.
    package var end: Timestamp { start + duration }
}
