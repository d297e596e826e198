internal import Glibc

// Looks at bytes in another's memory, without copies.

extension Span where Element == UInt8 {
    /// A copy.
    var copy: [UInt8] { unsafe withUnsafeBufferPointer { unsafe Array($0) } }

    /// Whether it starts with the ASCII text.
    @inline(__always)
    func starts(with text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        return text.withUTF8Buffer { text in
            unsafe withUnsafeBufferPointer { unsafe Self.same($0, text, length) }
        }
    }

    /// Whether it is these bytes.
    func holds(_ bytes: [UInt8]) -> Bool {
        guard count == bytes.count else { return false }
        return unsafe withUnsafeBufferPointer { own in
            unsafe bytes.withUnsafeBufferPointer { unsafe Self.same(own, $0, own.count) }
        }
    }

    @inline(__always)
    private static func same(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, _ length: Int
    ) -> Bool {
        guard length > 0, let left = left.baseAddress, let right = right.baseAddress else { return true }
        // Mostly the first byte tells.
        return unsafe left[0] == right[0] && memcmp(left, right, length) == 0
    }
}

extension UnsafeRawBufferPointer {
    /// Where the byte first stands, from the place on.
    func first(_ byte: UInt8, from start: Int) -> Int? {
        guard start < count, let base = baseAddress,
            let found = unsafe memchr(base + start, Int32(byte), count - start)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - base
    }
}
