/// Field names to small numbers, by open addressing: one look for most names, no hashing of text.
struct SlotTable: Sendable {
    private var names: [FieldName] = []
    /// A name's number, or -1; its size is a power of two, and at most half is used.
    private var table: [Int32] = []

    init(_ names: [FieldName]) {
        self.names = names
        var size = 16
        while size < names.count * 2 { size *= 2 }
        table = Array(repeating: -1, count: size)
        for (number, name) in names.enumerated() {
            var place = Int(truncatingIfNeeded: name.code) & (size - 1)
            while table[place] >= 0 { place = (place + 1) & (size - 1) }
            table[place] = Int32(number)
        }
    }

    /// The name's number; `nil` when no rule asks for it.
    func slot(_ name: FieldName) -> Int? {
        var place = Int(truncatingIfNeeded: name.code) & (table.count - 1)
        while table[place] >= 0 {
            let number = Int(table[place])
            if names[number] == name { return number }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }
}
