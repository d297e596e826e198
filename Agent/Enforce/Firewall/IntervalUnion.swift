internal import CordonModel

/// Networks that may lie in each other, made into disjoint intervals that each last as long as the longest network over
/// it.
enum IntervalUnion {
    /// The intervals in order. CIDR networks nest or are apart, so a stack of the open ones is enough.
    static func disjoint(_ networks: [(network: Network, milliseconds: UInt64)]) -> [BlockRules.Element] {
        // Outer networks first.
        let sorted = networks.sorted { left, right in
            (left.network.address, left.network.prefix) < (right.network.address, right.network.prefix)
        }
        var result: [BlockRules.Element] = []
        var open: [BlockRules.Element] = []
        var position: IPAddress?

        // Writes what the innermost open network covers from the position to before `end`.
        func emit(upTo end: IPAddress?) {
            guard let top = open.last, let start = position, let end, start <= end else { return }
            if let last = result.last, last.milliseconds == top.milliseconds, last.last.next == start {
                result[result.count - 1].last = end
            } else {
                result.append(.init(first: start, last: end, milliseconds: top.milliseconds))
            }
        }
        func close(before address: IPAddress?) {
            while let top = open.last, address.map({ top.last < $0 }) ?? true {
                emit(upTo: top.last)
                open.removeLast()
                position = top.last.next
            }
        }
        for (network, milliseconds) in sorted {
            close(before: network.address)
            emit(upTo: network.address.previous)
            position = network.address
            let longest = max(milliseconds, open.last?.milliseconds ?? 0)
            open.append(.init(first: network.address, last: network.last, milliseconds: longest))
        }
        close(before: nil)
        return result
    }
}
