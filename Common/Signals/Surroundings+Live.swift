package import CordonModel

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

extension Surroundings {
    /// The machine's wall clock and randomness.
    package static let live = Surroundings(
        now: {
            var instant = timespec()
            unsafe _ = clock_gettime(CLOCK_REALTIME, &instant)
            return Timestamp(microseconds: Int64(instant.tv_sec) * 1_000_000 + Int64(instant.tv_nsec) / 1000)
        },
        random: {
            var source = SystemRandomNumberGenerator()
            return source.next()
        }
    )
}
