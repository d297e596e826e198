/// Atoms of which one must hold for a condition to hold: when none does, the rule need not be looked at.
struct Witness {
    var atoms: Set<Int>
    /// How often one of them may hold, as a guess; smaller is better.
    var cost: Double

    /// `nil` where no atoms that an index answers must hold: of `not`, of an empty `all`.
    ///
    /// - Parameter cost: Of an atom as a witness; `nil` when no index can answer it.
    init?(_ nodes: ArraySlice<Node>, cost: (Int) -> Double?) {
        guard let node = nodes.first else { return nil }
        switch node.kind {
        case .not: return nil
        case .atom:
            guard let price = cost(Int(node.atom)) else { return nil }
            (atoms, self.cost) = ([Int(node.atom)], price)
        case .all:
            let best = Self.children(nodes, cost).compactMap(\.self).min { $0.cost < $1.cost }
            guard let best else { return nil }
            self = best
        case .any:
            (atoms, self.cost) = ([], 0)
            for child in Self.children(nodes, cost) {
                guard let child else { return nil }
                atoms.formUnion(child.atoms)
                self.cost += child.cost
            }
        }
    }

    private static func children(_ nodes: ArraySlice<Node>, _ cost: (Int) -> Double?) -> [Witness?] {
        var children: [Witness?] = []
        var place = nodes.startIndex + 1
        while place < nodes.endIndex {
            let end = Int(nodes[place].end)
            children.append(Witness(nodes[place..<end], cost: cost))
            place = end
        }
        return children
    }
}
