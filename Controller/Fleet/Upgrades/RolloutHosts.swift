package import CordonModel

/// The hosts of a rollout, and how many of each ring are in which state.
///
/// A change costs the same among many as among few: a copy shares all shelves but the one that is written to, and what
/// is asked at every change is counted along rather than looked for.
package struct RolloutHosts: Sendable, Hashable, Sequence {
    package typealias Element = (key: AgentID, value: RolloutHost)

    private var shelves = [[AgentID: RolloutHost]](repeating: [:], count: Self.most)
    private var tally: [Int: [RolloutHostState: Int]] = [:]
    /// Hosts in all.
    package private(set) var count = 0

    /// A power of two.
    private static let most = 256

    package init() {}

    package init(_ hosts: some Sequence<Element>) {
        for (agent, host) in hosts { self[agent] = host }
    }

    /// The host's state; `nil` when the rollout leaves it out. None is ever taken out.
    package subscript(_ agent: AgentID) -> RolloutHost? {
        get { shelves[Self.shelf(agent)][agent] }
        set {
            guard let newValue else { return }
            let old = shelves[Self.shelf(agent)].updateValue(newValue, forKey: agent)
            if let old { tally[old.ring]?[old.state, default: 0] -= 1 } else { count += 1 }
            tally[newValue.ring, default: [:]][newValue.state, default: 0] += 1
        }
    }

    /// By the random bits of its identifier.
    private static func shelf(_ agent: AgentID) -> Int { Int(truncatingIfNeeded: agent.uuid.low) & (most - 1) }

    package func makeIterator() -> FlattenSequence<[[AgentID: RolloutHost]]>.Iterator {
        shelves.joined().makeIterator()
    }

    /// All of them, in no order.
    package var keys: [AgentID] { map { $0.key } }

    /// How many hosts of a ring are in each state in which there are any.
    package func counts(of ring: Int) -> [RolloutHostState: Int] { tally[ring]?.filter { $0.value > 0 } ?? [:] }

    /// How many hosts are so, by their ring and state.
    package func count(where isMeant: (_ ring: Int, _ state: RolloutHostState) -> Bool) -> Int {
        tally.reduce(0) { sum, ring in
            ring.value.reduce(sum) { isMeant(ring.key, $1.key) ? $0 + $1.value : $0 }
        }
    }
}
