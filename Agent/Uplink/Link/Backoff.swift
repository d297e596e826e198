internal import CordonModel

/// How long to wait before connecting again: pure, so that a fleet's worth of it can be tested.
///
/// After a connection that had been welcomed, the first wait is uniform over the window that the controller told
/// beforehand, so that a thousand agents that are dropped at once come back spread out. After that, and after a first
/// connection that failed, it is exponential with full jitter: uniform from nothing to 1, 2, 4 … 60 seconds.
package struct Backoff: Sendable {
    /// The first ceiling.
    package static let base: Duration = .seconds(1)
    /// The last ceiling.
    package static let cap: Duration = .seconds(60)
    /// The longest window that a controller may ask for.
    package static let longestWindow: Duration = .seconds(600)
    /// How long a refused agent waits: a person has to act first, and a host must not burn its CPU on asking.
    package static let refusal: ClosedRange<Duration> = .seconds(60)...(.seconds(300))

    private var failures = 0
    private var window: Duration?

    package init() {}

    /// Connections that failed since the last welcome.
    package var attempts: Int { failures }

    /// The controller said welcome and over what window to spread out after a drop.
    package mutating func welcomed(window told: Duration) {
        failures = 0
        window = min(max(told, .zero), Self.longestWindow)
    }

    /// How long to wait after a drop or a failure, of 64 random bits.
    package mutating func wait(random: UInt64) -> Duration {
        if let told = window {
            window = nil
            return told * fraction(random)
        }
        let ceiling = min(Self.cap, Self.base * (1 << min(failures, 10)))
        failures += 1
        return ceiling * fraction(random)
    }

    /// How long to wait after a refusal, of 64 random bits.
    package func waitAfterRefusal(random: UInt64) -> Duration {
        let range = Self.refusal
        return range.lowerBound + (range.upperBound - range.lowerBound) * fraction(random)
    }

    /// From 0 to below 1, of the upper 53 bits.
    private func fraction(_ random: UInt64) -> Double { Double(random >> 11) / 9_007_199_254_740_992 }
}
