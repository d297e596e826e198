package import CordonModel

/// Something that is in force on this host besides its isolation and its blocks, until an order or its term ends it.
package struct HeldEffect: Sendable, Equatable {
    /// What tells one from another.
    package struct Key: Sendable, Hashable {
        package var kind: ActionKind
        /// What it is about, by the kind's own words: `4242/813377/tree` for processes.
        package var subject: String
    }

    package var key: Key
    /// Those that asked for it, latest last; an undo of any ends it.
    package var orders: [OrderID]
    /// For people: `/tmp/x` beside the process's number.
    package var title: String
    /// Ends by itself then.
    package var term: Term
    /// What its kind needs to undo it; empty while it is being brought about.
    package var undo: [UInt8]
}

extension HeldEffect {
    func write(to writer: inout RecordWriter) {
        writer.put(text: key.kind.rawValue)
        writer.put(text: key.subject)
        writer.put(text: title)
        writer.put(term)
        writer.put(undo)
        for order in orders { writer.put(order.uuid.bytes) }
    }

    init?(_ reader: inout RecordReader) {
        guard let key = Key(&reader), let title = reader.text(), let term = reader.term(), let undo = reader.bytes()
        else { return nil }
        var orders: [OrderID] = []
        while !reader.isAtEnd {
            guard let order = reader.order() else { return nil }
            orders.append(order)
        }
        self.init(key: key, orders: orders, title: title, term: term, undo: undo)
    }
}

extension HeldEffect.Key {
    init?(_ reader: inout RecordReader) {
        guard let name = reader.text(), let kind = ActionKind(rawValue: name), let subject = reader.text() else {
            return nil
        }
        self.init(kind: kind, subject: subject)
    }
}
