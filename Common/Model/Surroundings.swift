/// What a part of the product must be given because it may not fetch it: the wall clock and randomness.
///
/// Tests hand in their own; the daemons hand in `Surroundings.live` of CordonSignals.
package struct Surroundings: Sendable {
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    /// 64 unpredictable bits.
    package var random: @Sendable () -> UInt64

    package init(now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64) {
        self.now = now
        self.random = random
    }

    /// A new identifier, of now.
    package func identifier<Subject>(of subject: Identifier<Subject>.Type = Identifier<Subject>.self) -> Identifier<
        Subject
    > {
        Identifier(UUIDv7(at: now(), random: (random(), random())))
    }
}
