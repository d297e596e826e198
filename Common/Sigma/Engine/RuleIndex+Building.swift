internal import CordonMatch

extension RuleIndex {
    /// Builds the index of the rules at the places.
    ///
    /// - Parameter expressions: Every regular expression of the rules, made ready.
    init(
        _ rules: [SigmaRule], at places: [Int], expressions: [RegularExpression: Expression]
    ) throws(MatchError) {
        var builder = IndexBuilder(expressions: expressions)
        for place in places { builder.add(rules[place], at: place) }
        let lanes = try builder.lanes()
        let (watchers, unwitnessed) = builder.witnesses()
        self.init(
            slots: SlotTable(builder.names), lanes: lanes.fields, keywords: lanes.keywords, atoms: builder.atoms,
            areHinted: builder.atoms.map { $0.hint != nil },
            nodes: builder.nodes, rules: builder.rules, watchers: watchers, unwitnessed: unwitnessed)
    }
}

private struct IndexBuilder {
    let expressions: [RegularExpression: Expression]
    private(set) var names: [FieldName] = []
    private(set) var atoms: [Atom] = []
    private(set) var nodes: [Node] = []
    private(set) var rules: [RuleIndex.Rule] = []
    private var slots: [String: Int] = [:]
    private var atomNumbers: [Condition: Int] = [:]
    /// By atom, how often rules name it.
    private var uses: [Int] = []

    init(expressions: [RegularExpression: Expression]) { self.expressions = expressions }

    mutating func add(_ rule: SigmaRule, at place: Int) {
        rules.append(RuleIndex.Rule(place: place, root: nodes.count))
        add(rule.condition)
    }

    // MARK: - Conditions

    private mutating func add(_ condition: Condition) {
        let place = nodes.count
        switch condition {
        case .all(let parts): add(parts, .all)
        case .any(let parts): add(parts, .any)
        case .not(let part): add([part], .not)
        case .field, .keyword:
            let atom = atom(condition)
            uses[atom] += 1
            nodes.append(Node(kind: .atom, atom: Int32(atom), end: 0))
        }
        nodes[place].end = Int32(nodes.count)
    }

    private mutating func add(_ parts: [Condition], _ kind: Node.Kind) {
        nodes.append(Node(kind: kind, atom: 0, end: 0))
        for part in parts { add(part) }
    }

    private mutating func atom(_ condition: Condition) -> Int {
        if let known = atomNumbers[condition] { return known }
        atomNumbers[condition] = atoms.count
        uses.append(0)
        let number = atoms.count
        switch condition {
        case .field(let name, let test): atoms.append(atom(slot(name), test))
        case .keyword(let pattern, let isCased): atoms.append(atom(.keywords, pattern, isCased: isCased))
        case .all, .any, .not: break
        }
        return number
    }

    private mutating func slot(_ name: String) -> Int {
        if let known = slots[name] { return known }
        slots[name] = names.count
        names.append(FieldName(name))
        return names.count - 1
    }

    private mutating func atom(_ slot: Int, _ test: ValueTest) -> Atom {
        let made: Atom.Test
        switch test {
        case .pattern(let pattern, let isCased): return atom(.field(slot), pattern, isCased: isCased)
        case .expression(let expression): made = expressions[expression].map { .expression($0) } ?? .decided
        case .network(let network): made = .network(network)
        case .number(let comparison, let number): made = .number(comparison, number)
        case .time(let part, let comparison, let number): made = .time(part, comparison, number)
        case .exists(let isThere): made = .exists(isThere)
        case .isNull: made = .isNull
        case .field(let other, let placement, let isCased):
            made = .field(self.slot(other), placement, isCased: isCased)
        }
        return Atom(subject: .field(slot), test: made, hint: nil)
    }

    private func atom(_ subject: Atom.Subject, _ pattern: Wildcards, isCased: Bool) -> Atom {
        let hint = Hint(pattern, isCased: isCased)
        let matcher = WildcardMatcher(pattern, isCased: isCased)
        let test: Atom.Test = hint?.decides == true ? .decided : .pattern(matcher, isCased: isCased)
        return Atom(subject: subject, test: test, hint: hint)
    }

    // MARK: - What is looked for

    func lanes() throws(MatchError) -> (fields: [RuleIndex.Lane], keywords: RuleIndex.Lane) {
        var wanted: [Atom.Subject: [(literal: [UInt8], target: RuleIndex.Target)]] = [:]
        for (number, atom) in atoms.enumerated() {
            guard let hint = atom.hint else { continue }
            let target = RuleIndex.Target(
                atom: Int32(number), length: Int32(hint.literal.count), anchor: hint.anchor, decides: hint.decides)
            wanted[atom.subject, default: []].append((hint.literal, target))
        }
        var fields: [RuleIndex.Lane] = []
        for slot in names.indices { fields.append(try lane(wanted[.field(slot)] ?? [])) }
        return (fields, try lane(wanted[.keywords] ?? []))
    }

    private func lane(_ wanted: [(literal: [UInt8], target: RuleIndex.Target)]) throws(MatchError) -> RuleIndex.Lane {
        var numbers: [[UInt8]: Int] = [:]
        var literals: [[UInt8]] = []
        var targets: [[RuleIndex.Target]] = []
        for (literal, target) in wanted {
            if let number = numbers[literal] {
                targets[number].append(target)
            } else {
                numbers[literal] = literals.count
                literals.append(literal)
                targets.append([target])
            }
        }
        let areWhole = wanted.allSatisfy { $0.target.anchor == .whole }
        return RuleIndex.Lane(
            automaton: literals.isEmpty ? nil : try LiteralAutomaton(literals), targets: Rows(targets),
            longest: areWhole ? literals.map(\.count).max() ?? 0 : .max)
    }

    // MARK: - Witnesses

    func witnesses() -> (watchers: Rows<Int32>, unwitnessed: [Int32]) {
        var watchers = [[Int32]](repeating: [], count: atoms.count + names.count)
        var unwitnessed: [Int32] = []
        for (number, rule) in rules.enumerated() {
            let tree = nodes[rule.root..<Int(nodes[rule.root].end)]
            guard let witness = Witness(tree, cost: cost) else {
                unwitnessed.append(Int32(number))
                continue
            }
            for atom in Set(witness.atoms.map(watched)) { watchers[atom].append(Int32(number)) }
        }
        return (Rows(watchers), unwitnessed)
    }

    /// A guess: long literals are rare, literals that many rules name are common, and fields are often there.
    private func cost(_ number: Int) -> Double? {
        if let hint = atoms[number].hint { return 1 / Double(hint.literal.count) + 0.05 * Double(uses[number] - 1) }
        return atoms[number].needsPresence ? 2 : nil
    }

    /// What wakes for an atom: its literal's being found, or its field's being there.
    private func watched(_ number: Int) -> Int {
        guard atoms[number].hint == nil, case .field(let slot) = atoms[number].subject else { return number }
        return atoms.count + slot
    }
}
