internal import CordonModel
internal import CordonOrders

/// What a journal holds with a term of another boot, while it is read: record by record, for one of this boot may follow
/// others that are not reckoned yet.
struct Unreckoned {
    private var isolation = false
    private var held: Set<HeldEffect.Key> = []
    private var blocks: Set<Network> = []

    mutating func note(_ record: JournalRecord, boot: String) {
        switch record {
        case .isolated(_, _, let term, _, _): isolation = term.boot != boot
        case .released: isolation = false
        case .held(let effect):
            if effect.term.boot != boot { held.insert(effect.key) } else { held.remove(effect.key) }
        case .ended(let key, _): held.remove(key)
        case .blocked(let list, let start):
            if start.boot != boot {
                blocks.formUnion(list.map(\.network))
            } else {
                blocks.subtract(list.map(\.network))
            }
        case .unblocked(let network): blocks.remove(network)
        default: break
        }
    }

    /// Whether any of it is still to be in force.
    func isLasting(in desired: DesiredState, clock: BootClock) -> Bool {
        let now = clock.sinceBoot()
        return isolation || !held.isEmpty || blocks.contains { desired.blocks[$0, default: 0] > now }
    }
}
