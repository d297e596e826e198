/// Words of the form `key=value`, separated by spaces; a value in double quotes may hold spaces.
///
/// Hostile text can hold pairs of its own: ask only for keys that stand before any of it, the first of a name counts.
package struct KeyValues: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next pair. Words without `=` are passed over.
    package mutating func next() -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        while !rest.isEmpty {
            rest.skipSpaces()
            let start = rest.startIndex
            guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == 0x20 || $0 == 0x09 }) else {
                return nil
            }
            let key = rest[start..<end]
            let isPair = rest[end] == UInt8(ascii: "=")
            rest = rest[(end + 1)...]
            if isPair { return (key, value()) }
        }
        return nil
    }

    private mutating func value() -> ArraySlice<UInt8> {
        let quote = UInt8(ascii: "\"")
        if rest.first == quote, let end = rest.dropFirst().firstIndex(of: quote) {
            defer { rest = rest[(end + 1)...] }
            return rest[(rest.startIndex + 1)..<end]
        }
        return rest.word()
    }

    /// The first value of the key.
    package static func first(_ key: StaticString, in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        for (found, value) in KeyValues(bytes) where found.count == key.utf8CodeUnitCount && found.hasPrefix(key) {
            return value
        }
        return nil
    }
}
