internal import CordonMatch

/// The rules that apply to one kind of event, and what finds those of them that can hold. Every field that rules ask for
/// has an automaton over all literals that rules look for in it: one pass over a value answers most tests at once. A
/// rule is looked at only when its witness was seen.
///
/// Whole values are found by the same automaton as parts of them: it has passed over the value anyhow, and where a
/// literal ends tells the rest, so that a table of hashes beside it would only cost a second pass.
struct RuleIndex: Sendable {
    let slots: SlotTable
    /// By slot.
    let lanes: [Lane]
    let keywords: Lane
    let atoms: [Atom]
    /// By atom: whether it holds only where its literal was found.
    let areHinted: [Bool]
    let nodes: [Node]
    let rules: [Rule]
    /// By atom, then by slot (for a field that is there): the rules that wake.
    let watchers: Rows<Int32>
    /// Rules that can hold of an event in which nothing is found.
    let unwitnessed: [Int32]

    /// One rule.
    struct Rule: Sendable {
        /// Its place among the engine's.
        var place: Int
        /// The root of its condition.
        var root: Int
    }

    /// What is looked for in one field. A class, so that handing it on costs little.
    final class Lane: Sendable {
        let automaton: LiteralAutomaton?
        /// By literal.
        let targets: Rows<Target>
        /// Longer values need no pass, since only whole ones are looked for; `Int.max` otherwise.
        let longest: Int

        init(automaton: LiteralAutomaton?, targets: Rows<Target>, longest: Int) {
            (self.automaton, self.targets, self.longest) = (automaton, targets, longest)
        }
    }

    /// What a literal is to an atom.
    struct Target: Sendable {
        var atom: Int32
        var length: Int32
        var anchor: Hint.Anchor
        var decides: Bool
    }
}

/// Rows of different lengths in one array.
struct Rows<Element: Sendable>: Sendable {
    let elements: [Element]
    /// Where each row starts, and where the last ends.
    let starts: [Int32]

    init(_ rows: [[Element]]) {
        elements = rows.flatMap(\.self)
        var starts: [Int32] = [0]
        for row in rows { starts.append(starts[starts.count - 1] + Int32(row.count)) }
        self.starts = starts
    }

    /// Where a row's elements are.
    func range(_ row: Int) -> Range<Int> { Int(starts[row])..<Int(starts[row + 1]) }
}
