package import CordonModel
package import CordonOrders

/// What is to be in force on this host: what the kernel is compared with, and what a reboot brings back.
package struct DesiredState: Sendable, Equatable {
    /// An isolation, and the order that asked for it.
    package struct HeldIsolation: Sendable, Equatable {
        package var order: OrderID
        /// By the controller's clock: a release that was issued before it does not end it.
        package var issuedAt: Timestamp
        package var term: Term
        /// It ends earlier when the controller was not heard for so long; `nil`: it stays.
        package var lost: Duration?
        package var level: Isolation.Level

        var record: JournalRecord {
            .isolated(order: order, issuedAt: issuedAt, term: term, lost: lost, level: level)
        }
    }

    package private(set) var isolation: HeldIsolation?
    /// One-time codes that end an isolation; `nil` when none were made.
    private(set) var codes: ReleaseCodes?
    /// Uses of codes that nobody was told of yet.
    private(set) var usesUntold: [String] = []
    /// When the agent last heard the controller, in nanoseconds after this boot: what loss is reckoned from.
    private(set) var heard: Int64?
    /// Blocked networks, and when each ends, in nanoseconds after this boot.
    package private(set) var blocks: [Network: Int64] = [:]
    /// Whatever else is in force.
    package private(set) var held: [HeldEffect.Key: HeldEffect] = [:]

    package init() {}

    /// Takes one record of the journal up.
    mutating func apply(_ record: JournalRecord, clock: BootClock) {
        switch record {
        case .received, .finished, .forgotten: break
        case .isolated(let order, let issuedAt, let term, let lost, let level):
            isolation = HeldIsolation(
                order: order, issuedAt: issuedAt, term: self.term(term, clock), lost: lost, level: level)
        case .codes(let fresh): codes = fresh
        case .codeUsed(let hash, let text):
            codes?.use(hash)
            usesUntold = usesUntold.suffix(ReleaseCodes.most - 1) + [text]
        case .codeUsesTold: usesUntold = []
        case .heard(let boot, let sinceBoot): if boot == clock.boot { heard = max(heard ?? sinceBoot, sinceBoot) }
        case .released: isolation = nil
        case .blocked(let list, let start):
            let now = clock.sinceBoot()
            for block in list {
                var term = start
                term.duration = block.duration
                blocks[block.network] = now + clock.remaining(of: term).microseconds * 1000
            }
        case .unblocked(let network): blocks[network] = nil
        case .held(var effect):
            effect.term = term(effect.term, clock)
            held[effect.key] = effect
        case .ended(let key, _): held[key] = nil
        }
    }

    /// After a reboot, what is left is reckoned once: from then on nobody shortens it by setting the wall clock.
    private func term(_ term: Term, _ clock: BootClock) -> Term {
        term.boot == clock.boot ? term : clock.term(max(.zero, clock.remaining(of: term)))
    }

    /// Effects whose time is over.
    func effectsOver(clock: BootClock) -> [HeldEffect] { held.values.filter { clock.remaining(of: $0.term) <= .zero } }

    /// Whether the isolation's time is over.
    func isIsolationOver(clock: BootClock) -> Bool {
        isolation.map { clock.remaining(of: $0.term) <= .zero } ?? false
    }

    /// How long the controller has not been heard, where that is so long that the isolation ends.
    func loss(clock: BootClock) -> Duration? {
        guard let lost = isolation?.lost, let heard else { return nil }
        let silence = Duration.nanoseconds(clock.sinceBoot() - heard)
        return silence > lost ? silence : nil
    }

    /// Notes in memory alone that it was heard now.
    mutating func hear(clock: BootClock) { heard = clock.sinceBoot() }

    /// Blocks that still last, with what is left, in milliseconds.
    func lasting(clock: BootClock) -> [(network: Network, milliseconds: UInt64)] {
        let now = clock.sinceBoot()
        return blocks.compactMap { network, end in
            let milliseconds = (end - now) / 1_000_000
            return milliseconds > 0 ? (network, UInt64(milliseconds)) : nil
        }
    }

    /// Forgets blocks that the kernel has ended.
    mutating func forgetEndedBlocks(clock: BootClock) {
        let now = clock.sinceBoot()
        if blocks.contains(where: { $0.value <= now }) { blocks = blocks.filter { $0.value > now } }
    }

    /// Records that bring this state about, with what is left of each term.
    func records(clock: BootClock) -> [JournalRecord] {
        var records: [JournalRecord] = []
        if isolation != nil, let heard { records.append(.heard(boot: clock.boot, sinceBoot: heard)) }
        if let codes { records.append(.codes(codes)) }
        records += usesUntold.map { .codeUsed([], text: $0) }
        return lastingRecords(clock: clock) + records
    }

    /// Those of what has a term.
    func lastingRecords(clock: BootClock) -> [JournalRecord] {
        let blocks = lasting(clock: clock).map {
            AddressBlock(network: $0.network, duration: .milliseconds(Int64(clamping: $0.milliseconds)))
        }
        return (isolation.map { [$0.record] } ?? []) + held.values.map { .held($0) }
            + JournalRecord.chunks(blocks, start: clock.term(.zero))
    }

    /// For status and facts.
    func state(clock: BootClock) -> ContainmentState {
        let now = clock.now()
        let until = isolation.map { now + clock.remaining(of: $0.term) }
        let blocks = lasting(clock: clock).map {
            ContainmentState.Block(network: $0.network, until: now + .milliseconds(Int64(clamping: $0.milliseconds)))
        }
        let effects = held.values.compactMap { effect in
            effect.orders.last.map {
                ContainmentState.Effect(
                    kind: effect.key.kind, subject: effect.title, order: $0,
                    until: effect.term.isEndless ? nil : now + clock.remaining(of: effect.term))
            }
        }
        return ContainmentState(
            isolatedUntil: until, isolatedBy: isolation?.order, blocks: blocks,
            effects: effects.sorted { $0.order < $1.order })
    }
}

extension JournalRecord {
    /// Records that block these networks, each of a size that a frame holds.
    static func chunks(_ blocks: [AddressBlock], start: Term) -> [JournalRecord] {
        stride(from: 0, to: blocks.count, by: 10_000).map {
            .blocked(Array(blocks[$0..<min($0 + 10_000, blocks.count)]), start: start)
        }
    }
}
