import AgentUplink
import CordonModel
import Testing

@Suite("Waits before connecting again")
struct UplinkBackoffTests {
    @Test("after a welcome the first wait is uniform over the window that was told, and then it is exponential again")
    func window() {
        var backoff = Backoff()
        backoff.welcomed(window: .seconds(40))
        #expect(backoff.wait(random: .max) < .seconds(40))
        backoff.welcomed(window: .seconds(40))
        #expect(backoff.wait(random: 0) == .zero)
        backoff.welcomed(window: .seconds(40))
        #expect(backoff.wait(random: 1 << 63) == .seconds(20))
        #expect(backoff.wait(random: .max) < .seconds(1))
        #expect(backoff.attempts == 1)
    }

    @Test("failures double the ceiling from one second to sixty, and the wait is anywhere below it")
    func exponential() {
        var backoff = Backoff()
        var halves: [Duration] = []
        for _ in 0..<10 { halves.append(backoff.wait(random: 1 << 63) * 2) }
        #expect(halves.map(\.wholeSeconds) == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
        for _ in 0..<1000 { #expect(backoff.wait(random: .max) < .seconds(60)) }
    }

    @Test(
        "a window beyond reason, and one below zero, are cut",
        arguments: [(Duration.seconds(86_400), Backoff.longestWindow), (.seconds(-5), .zero)])
    func unreasonable(_ told: Duration, _ most: Duration) {
        var backoff = Backoff()
        backoff.welcomed(window: told)
        #expect(backoff.wait(random: .max) <= most)
    }

    @Test("a thousand agents that are dropped at once come back spread evenly over the window")
    func herd() {
        var source = SystemRandomNumberGenerator()
        var buckets = [Int](repeating: 0, count: 10)
        for _ in 0..<1000 {
            var backoff = Backoff()
            backoff.welcomed(window: .seconds(10))
            buckets[Int(backoff.wait(random: source.next()).wholeSeconds)] += 1
        }
        // 100 expected each; 45 would be six standard deviations off.
        #expect(buckets.allSatisfy { $0 > 45 && $0 < 155 })
    }

    @Test("a refused agent waits one to five minutes")
    func refusal() {
        #expect(Backoff().waitAfterRefusal(random: 0) == .seconds(60))
        #expect(Backoff().waitAfterRefusal(random: .max) <= .seconds(300))
        #expect(Backoff().waitAfterRefusal(random: .max) > .seconds(299))
    }
}
