internal import CordonModel

// Small looks at bytes that every scanner here needs.

extension UInt8 {
    /// Whether it is an ASCII digit.
    package var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    /// The value of a hexadecimal digit.
    var hexValue: UInt8? { HexDigit.value(self) }
}

extension Span where Element == UInt8 {
    /// Whether the ASCII text stands at the place.
    func starts(with text: StaticString, at position: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position >= 0, position + length <= count else { return false }
        return text.withUTF8Buffer { buffer in
            for index in 0..<length where unsafe buffer[index] != self[position + index] { return false }
            return true
        }
    }

    /// A copy of a part.
    func array(_ range: Range<Int>) -> [UInt8] {
        var array: [UInt8] = []
        array.reserveCapacity(range.count)
        for index in range { array.append(self[index]) }
        return array
    }
}
