internal import CordonMatch

/// What matching one event after another against one index writes down. Marks carry the number of the event, so that
/// nothing is cleared between events.
struct Workspace: Sendable {
    let index: RuleIndex
    private var event: UInt32 = 0
    /// By atom: twice the event, and 1 where it holds.
    private var answers: [UInt32]
    /// By atom: the event in which its literal was found.
    private var hints: [UInt32]
    /// By rule: the event that woke it.
    private var awake: [UInt32]
    private var candidates: [Int32] = []
    /// By slot: the event that has the field, and its last entry.
    private var present: [UInt32]
    private var last: [Int32]
    /// By entry: the one before it of the same field, or -1.
    private var before: [Int32] = []

    init(_ index: RuleIndex) {
        self.index = index
        answers = Array(repeating: 0, count: index.atoms.count)
        hints = answers
        awake = Array(repeating: 0, count: index.rules.count)
        present = Array(repeating: 0, count: index.lanes.count)
        last = Array(repeating: -1, count: index.lanes.count)
    }

    /// The places of the rules that hold, in order.
    mutating func matches(_ record: borrowing SigmaRecord) -> [Int] {
        begin(record)
        for rule in index.unwitnessed { wake(rule) }
        for entry in record.entries.indices { look(record, entry) }
        var found: [Int] = []
        var place = 0
        // Looking at a rule wakes none.
        while place < candidates.count {
            let rule = index.rules[Int(candidates[place])]
            if holds(rule.root, record) { found.append(rule.place) }
            place += 1
        }
        if found.count > 1 { found.sort() }
        return found
    }

    private mutating func begin(_ record: borrowing SigmaRecord) {
        event += 1
        if event == UInt32.max >> 1 { self = Workspace(index, keeping: 1) }
        candidates.removeAll(keepingCapacity: true)
        before.removeAll(keepingCapacity: true)
    }

    private init(_ index: RuleIndex, keeping event: UInt32) {
        self.init(index)
        self.event = event
    }

    private mutating func wake(_ rule: Int32) {
        guard awake[Int(rule)] != event else { return }
        awake[Int(rule)] = event
        candidates.append(rule)
    }

    private mutating func wakeWatchers(_ watched: Int) {
        for place in index.watchers.range(watched) { wake(index.watchers.elements[place]) }
    }

    // MARK: - Looking

    private mutating func look(_ record: borrowing SigmaRecord, _ place: Int) {
        let entry = record.entries[place]
        var previous: Int32 = -1
        if let name = entry.name, let slot = index.slots.slot(name) {
            if present[slot] == event {
                previous = last[slot]
            } else {
                present[slot] = event
                wakeWatchers(index.atoms.count + slot)
            }
            last[slot] = Int32(place)
            if entry.kind == .text { scan(record.bytes.span.extracting(entry.folded), index.lanes[slot]) }
        }
        before.append(previous)
        if entry.isKeyword { scan(record.bytes.span.extracting(entry.folded), index.keywords) }
    }

    private mutating func scan(_ text: Span<UInt8>, _ lane: RuleIndex.Lane) {
        guard let automaton = lane.automaton, text.count <= lane.longest else { return }
        let length = text.count
        automaton.scan(text) { literal, end in
            for place in lane.targets.range(literal) {
                let target = lane.targets.elements[place]
                if Hint.stands(target.anchor, length: Int(target.length), end: end, in: length) { hit(target) }
            }
        }
    }

    private mutating func hit(_ target: RuleIndex.Target) {
        let atom = Int(target.atom)
        guard hints[atom] != event else { return }
        hints[atom] = event
        if target.decides { answers[atom] = event << 1 | 1 }
        wakeWatchers(atom)
    }

    // MARK: - Deciding

    private mutating func holds(_ place: Int, _ record: borrowing SigmaRecord) -> Bool {
        let node = index.nodes[place]
        switch node.kind {
        case .atom: return answer(Int(node.atom), record)
        case .not: return !holds(place + 1, record)
        case .all, .any:
            let decisive = node.kind == .any
            var child = place + 1
            while child < Int(node.end) {
                if holds(child, record) == decisive { return decisive }
                child = Int(index.nodes[child].end)
            }
            return !decisive
        }
    }

    private mutating func answer(_ atom: Int, _ record: borrowing SigmaRecord) -> Bool {
        if answers[atom] >> 1 == event { return answers[atom] & 1 == 1 }
        if index.areHinted[atom], hints[atom] != event { return false }
        let answer = work(out: index.atoms[atom], record)
        answers[atom] = event << 1 | (answer ? 1 : 0)
        return answer
    }

    private func work(out atom: Atom, _ record: borrowing SigmaRecord) -> Bool {
        switch atom.subject {
        case .keywords:
            return record.entries.contains { $0.isKeyword && atom.test.holds(of: $0, in: record) }
        case .field(let slot):
            switch atom.test {
            case .exists(let isThere): return (present[slot] == event) == isThere
            case .isNull: return present[slot] != event || any(slot) { record.entries[$0].kind == .null }
            case .field(let other, let placement, let isCased):
                return any(slot) { left in
                    any(other) { right in
                        placement.holds(record.entries[left], record.entries[right], in: record, isCased: isCased)
                    }
                }
            default: return any(slot) { atom.test.holds(of: record.entries[$0], in: record) }
            }
        }
    }

    /// Whether any entry of the field is so.
    private func any(_ slot: Int, _ isSo: (Int) -> Bool) -> Bool {
        guard present[slot] == event else { return false }
        var entry = last[slot]
        while entry >= 0 {
            if isSo(Int(entry)) { return true }
            entry = before[Int(entry)]
        }
        return false
    }
}
