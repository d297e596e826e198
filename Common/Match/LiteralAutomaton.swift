/// Finds all of many literals in one pass over a text (Aho and Corasick, 1975). ASCII case does not count; other text
/// comes folded (``Folding``).
///
/// States in which the pass is most of the time (near the start, or where literals part) have a whole row of a table: one
/// look a byte. The many others have the one byte that goes on and a state to fall back to, which is twelve bytes instead
/// of a row. A pass takes at most two looks a byte, whatever the number of literals.
package final class LiteralAutomaton: Sendable {
    /// Which column of the table a byte is; capitals have the column of their small letter, bytes of no literal have 0.
    private let columns: [UInt8]
    private let width: Int
    /// By row and column: the next step.
    private let table: [Step]
    private let narrow: [Narrow]
    /// By state, those with rows first: the literal that ends there, or -1.
    private let literal: [Int32]
    /// By state: the next shorter state where one ends; 0 for none.
    private let shorter: [Int32]

    /// Where to go: 1 where a literal ends there, 2 where the state is narrow, and above that its row's offset or its
    /// place among the narrow ones.
    fileprivate typealias Step = UInt32

    /// A state from which one byte at most goes on.
    fileprivate struct Narrow {
        /// The byte's column; ``none`` where no byte goes on.
        var column: UInt32
        var onward: Step
        var fallback: Step

        static let none: UInt32 = 256
    }

    /// Bytes of all literals together that may be made into one automaton.
    package static let capacity = 1 << 20

    /// Literals are known by their place; none may be empty, none may stand twice.
    package init(_ literals: [[UInt8]]) throws(MatchError) {
        guard literals.reduce(0, { $0 + $1.count }) <= Self.capacity else {
            throw MatchError("capacity", "The literals are more than \(Self.capacity) bytes together.")
        }
        var trie = Trie(literals)
        trie.link()
        let numbers = trie.numbers()
        (columns, width) = (trie.columns, trie.width)
        (table, narrow) = (trie.table(numbers), trie.narrow(numbers))
        (literal, shorter) = trie.ends(numbers)
    }

    /// Calls for every literal that stands in the text, with its number and where it ends.
    package func scan(_ text: Span<UInt8>, _ found: (_ literal: Int, _ end: Int) -> Void) {
        unsafe table.withUnsafeBufferPointer { table in
            unsafe narrow.withUnsafeBufferPointer { narrow in
                unsafe columns.withUnsafeBufferPointer { columns in
                    unsafe text.withUnsafeBufferPointer { text in
                        var step: Step = 0
                        for index in 0..<text.count {
                            // Columns have 256 entries, rows of the table are whole, and steps lead to states only.
                            let column = unsafe UInt32(columns[Int(text[index])])
                            while step & 2 != 0 {
                                let state = unsafe narrow[Int(step &>> 2)]
                                if state.column == column { break }
                                step = state.fallback
                            }
                            step =
                                unsafe step & 2 != 0
                                ? narrow[Int(step &>> 2)].onward : table[Int(step &>> 2) &+ Int(column)]
                            if step & 1 != 0 { report(step, end: index + 1, found) }
                        }
                    }
                }
            }
        }
    }

    @inline(never)
    private func report(_ step: Step, end: Int, _ found: (_ literal: Int, _ end: Int) -> Void) {
        let place = Int(step >> 2)
        var state = step & 2 != 0 ? table.count / width + place : place / width
        while state > 0 {
            if literal[state] >= 0 { found(Int(literal[state]), end) }
            state = Int(shorter[state])
        }
    }
}

/// What the automaton is made from; states are numbered by depth, so that the rows that are used most lie together.
private struct Trie {
    var columns = [UInt8](repeating: 0, count: 256)
    var width = 1
    /// By state and column; 0 for none, since nothing leads back to the start.
    var next: [Int32]
    var literal: [Int32] = [-1]
    var shorter: [Int32] = [0]
    private var fallback: [Int32] = [0]
    /// By state: its children, and the column of the last.
    private var children: [Int32] = []
    private var onward: [UInt8] = []

    init(_ literals: [[UInt8]]) {
        var used = Set<UInt8>()
        for literal in literals { used.formUnion(literal.lazy.map { Folding.lower($0) }) }
        // All 256 bytes would leave no column for none; more than 254 never stand in UTF-8.
        for byte in used.sorted().prefix(254) {
            columns[Int(byte)] = UInt8(width)
            if byte >= 0x61, byte <= 0x7A { columns[Int(byte) - 0x20] = UInt8(width) }
            width += 1
        }
        next = Array(repeating: 0, count: width)
        insert(literals)
    }

    /// One byte of every literal at a time, which numbers the states by depth.
    private mutating func insert(_ literals: [[UInt8]]) {
        var state = [Int](repeating: 0, count: literals.count)
        var depth = 0
        var left = Array(literals.indices)
        while !left.isEmpty {
            left.removeAll { index in
                if literals[index].count == depth {
                    if literal[state[index]] < 0 { literal[state[index]] = Int32(index) }
                    return true
                }
                state[index] = step(from: state[index], Int(columns[Int(literals[index][depth])]))
                return false
            }
            depth += 1
        }
    }

    private mutating func step(from state: Int, _ column: Int) -> Int {
        let place = state * width + column
        if next[place] == 0 {
            next[place] = Int32(literal.count)
            literal.append(-1)
            shorter.append(0)
            fallback.append(0)
            next.append(contentsOf: repeatElement(0, count: width))
        }
        return Int(next[place])
    }

    /// Gives every state its fallback, and fills the steps that it lacks with the fallback's. By depth, so a fallback is
    /// always done.
    mutating func link() {
        children = Array(repeating: 0, count: literal.count)
        onward = Array(repeating: 0, count: literal.count)
        for state in literal.indices {
            let back = Int(fallback[state])
            if state > 0 { shorter[state] = literal[back] >= 0 ? Int32(back) : shorter[back] }
            for column in 0..<width {
                let place = state * width + column
                let child = Int(next[place])
                let onward = state == 0 ? 0 : next[back * width + column]
                guard child > state else {
                    next[place] = onward
                    continue
                }
                fallback[child] = onward
                children[state] += 1
                self.onward[state] = UInt8(column)
            }
        }
    }

    // MARK: - What the automaton keeps

    /// Whether the state has a row: the start, those one byte from it, and those where literals part.
    private func isWide(_ state: Int) -> Bool { state <= Int(children[0]) || children[state] > 1 }

    /// How many have rows.
    private var wide = 0

    /// By state: its number, those with rows first.
    mutating func numbers() -> [Int] {
        var numbers = Array(repeating: 0, count: literal.count)
        wide = literal.indices.count(where: isWide)
        let states = literal.indices.filter(isWide) + literal.indices.filter { !isWide($0) }
        for (number, state) in states.enumerated() { numbers[state] = number }
        return numbers
    }

    private func step(to state: Int, _ numbers: [Int]) -> UInt32 {
        let end: UInt32 = literal[state] >= 0 || shorter[state] > 0 ? 1 : 0
        return isWide(state)
            ? UInt32(numbers[state] * width) << 2 | end : UInt32(numbers[state] - wide) << 2 | 2 | end
    }

    func table(_ numbers: [Int]) -> [UInt32] {
        literal.indices.filter(isWide).flatMap { state in
            next[(state * width)..<((state + 1) * width)].map { step(to: Int($0), numbers) }
        }
    }

    func narrow(_ numbers: [Int]) -> [LiteralAutomaton.Narrow] {
        literal.indices.filter { !isWide($0) }.map { state in
            let goesOn = children[state] == 1
            let child = goesOn ? Int(next[state * width + Int(onward[state])]) : 0
            return LiteralAutomaton.Narrow(
                column: goesOn ? UInt32(onward[state]) : LiteralAutomaton.Narrow.none,
                onward: step(to: child, numbers), fallback: step(to: Int(fallback[state]), numbers))
        }
    }

    /// The literals that end in each state, and the shorter states, by number.
    func ends(_ numbers: [Int]) -> (literal: [Int32], shorter: [Int32]) {
        var (literals, shorters) = (literal, shorter)
        for (state, number) in numbers.enumerated() {
            literals[number] = literal[state]
            shorters[number] = Int32(numbers[Int(shorter[state])])
        }
        return (literals, shorters)
    }
}
