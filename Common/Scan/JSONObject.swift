/// The members of a JSON object, in order, each key once.
package struct JSONObject: Sendable {
    /// The names, in order.
    package private(set) var keys: [String] = []
    private var values: [JSONValue] = []
    /// Where each key stands; kept only above `indexed` members, below which a look along the list is faster.
    private var positions: [String: Int] = [:]

    private static let indexed = 8

    package init() {}

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    /// The value of a key; setting appends or replaces in place, setting `nil` removes.
    package subscript(key: String) -> JSONValue? {
        get { position(key).map { values[$0] } }
        set {
            switch (position(key), newValue) {
            case (let position?, let value?): values[position] = value
            case (nil, let value?): append(key, value)
            case (let position?, nil): remove(at: position)
            case (nil, nil): break
            }
        }
    }

    /// Appends a member; `false` when the key is there already.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(key) == nil else { return false }
        append(key, value)
        return true
    }

    private func position(_ key: String) -> Int? {
        positions.isEmpty ? keys.firstIndex(of: key) : positions[key]
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        keys.append(key)
        values.append(value)
        if !positions.isEmpty {
            positions[key] = keys.count - 1
        } else if keys.count > Self.indexed {
            index()
        }
    }

    private mutating func remove(at position: Int) {
        keys.remove(at: position)
        values.remove(at: position)
        if !positions.isEmpty { index() }
    }

    private mutating func index() {
        positions = Dictionary(zip(keys, keys.indices)) { first, _ in first }
    }
}

extension JSONObject: Sequence {
    /// Member by member, in order.
    package func makeIterator() -> AnyIterator<(key: String, value: JSONValue)> {
        var pairs = zip(keys, values).makeIterator()
        return AnyIterator { pairs.next().map { (key: $0.0, value: $0.1) } }
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        var mixed = 0
        for (key, value) in self {
            var member = hasher
            member.combine(key)
            member.combine(value)
            mixed ^= member.finalize()
        }
        hasher.combine(mixed)
    }
}
