/// Finds all of many literals in one pass over a text (Aho and Corasick, 1975), as a table: one look a byte, whatever the
/// number of literals. ASCII case does not count; other text comes folded (``Folding``). The table takes four bytes for
/// every state and distinct byte of the literals.
package final class LiteralAutomaton: Sendable {
    /// Which column of the table a byte is; capitals have the column of their small letter, bytes of no literal have 0.
    private let columns: [UInt8]
    private let width: Int
    /// By row and column: the next row's offset, doubled, and 1 where a literal ends there.
    private let table: [UInt32]
    /// By state: the literal that ends there, or -1.
    private let literal: [Int32]
    /// By state: the next shorter state where one ends; 0 for none.
    private let shorter: [Int32]

    /// Bytes of all literals together that may be made into one table, which is at most some hundred times as large.
    package static let capacity = 1 << 20

    /// Literals are known by their place; none may be empty, none may stand twice.
    package init(_ literals: [[UInt8]]) throws(MatchError) {
        guard literals.reduce(0, { $0 + $1.count }) <= Self.capacity else {
            throw MatchError("capacity", "The literals are more than \(Self.capacity) bytes together.")
        }
        var trie = Trie(literals)
        trie.link()
        (columns, width, table) = (trie.columns, trie.width, trie.table())
        (literal, shorter) = (trie.literal, trie.shorter)
    }

    /// Calls for every literal that stands in the text, with its number and where it ends.
    package func scan(_ text: Span<UInt8>, _ found: (_ literal: Int, _ end: Int) -> Void) {
        unsafe table.withUnsafeBufferPointer { table in
            unsafe columns.withUnsafeBufferPointer { columns in
                unsafe text.withUnsafeBufferPointer { text in
                    var row = 0
                    for index in 0..<text.count {
                        // Columns have 256 entries, and rows of the table are whole.
                        let entry = unsafe table[row &+ Int(columns[Int(text[index])])]
                        row = Int(entry &>> 1)
                        if entry & 1 != 0 { report(row / width, end: index + 1, found) }
                    }
                }
            }
        }
    }

    @inline(never)
    private func report(_ state: Int, end: Int, _ found: (_ literal: Int, _ end: Int) -> Void) {
        var state = state
        while state > 0 {
            if literal[state] >= 0 { found(Int(literal[state]), end) }
            state = Int(shorter[state])
        }
    }
}

/// What the table is made from; states are numbered by depth, so that the rows that are used most lie together.
private struct Trie {
    var columns = [UInt8](repeating: 0, count: 256)
    var width = 1
    /// By state and column; 0 for none, since nothing leads back to the start.
    var next: [Int32]
    var literal: [Int32] = [-1]
    var shorter: [Int32] = [0]
    private var fallback: [Int32] = [0]

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
        for state in literal.indices {
            let back = Int(fallback[state])
            if state > 0 { shorter[state] = literal[back] >= 0 ? Int32(back) : shorter[back] }
            for column in 0..<width {
                let place = state * width + column
                let child = Int(next[place])
                let onward = state == 0 ? 0 : next[back * width + column]
                if child > state { fallback[child] = onward } else { next[place] = onward }
            }
        }
    }

    func table() -> [UInt32] {
        next.map { state in
            let isEnd = literal[Int(state)] >= 0 || shorter[Int(state)] > 0
            return UInt32(state) * UInt32(width) << 1 | (isEnd ? 1 : 0)
        }
    }
}
