import CordonModel
import Glibc
import Testing

@testable import AgentUplink

@Suite("What the agent costs")
struct ProcessLoadTests {
    @Test("its share of a processor is not measured over a moment, and is kept until there is a new one")
    func share() {
        var load = ProcessLoad()
        let counts = AgentCounts(queue: nil, refused: 0)
        let start = ContinuousClock.now
        #expect(load.health(counts, at: start).cpuPermille == 0)
        Self.work(for: .milliseconds(300))
        #expect(load.health(counts, at: start + .milliseconds(1)).cpuPermille == 0)
        let measured = load.health(counts, at: start + .seconds(10)).cpuPermille
        // 300 ms of at least one thread in ten seconds.
        #expect(measured >= 20)
        Self.work(for: .milliseconds(300))
        #expect(load.health(counts, at: start + .seconds(11)).cpuPermille == measured)
    }

    /// Uses a processor until its own clock says so.
    private static func work(for time: Duration) {
        let end = processorTime + time
        var sum: UInt64 = 1
        while processorTime < end { sum = sum &* 6_364_136_223_846_793_005 &+ 1 }
        withExtendedLifetime(sum) {}
    }

    private static var processorTime: Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
