/// A 128-bit identifier in the layout of RFC 9562 §5.7 (version 7): 48 bits of Unix milliseconds, then randomness.
///
/// Time-ordered, so that a table keyed by it grows at its end and a list sorted by it reads as a history.
package struct UUIDv7: Sendable, Hashable, Comparable {
    /// The first eight bytes, big-endian.
    package let high: UInt64
    /// The last eight bytes, big-endian.
    package let low: UInt64

    /// Any 128 bits, as they were received. The version is not checked: identifiers of other parties are kept as they are.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new identifier: the instant and 74 bits of the given randomness.
    package init(at instant: Timestamp, random: (UInt64, UInt64)) {
        let milliseconds = UInt64(max(0, instant.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | (random.0 & 0x0FFF)
        low = 0x8000_0000_0000_0000 | (random.1 & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// Reads 36 characters of RFC 9562 §4 text, either case; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var position = 0
        for byte in text.utf8 {
            defer { position += 1 }
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard position < 36, let nibble = HexDigit.value(byte) else { return nil }
            if digits < 16 { words.0 = words.0 << 4 | UInt64(nibble) } else { words.1 = words.1 << 4 | UInt64(nibble) }
            digits += 1
        }
        guard position == 36, digits == 32 else { return nil }
        self.init(high: words.0, low: words.1)
    }

    /// Reads 16 bytes; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        (0..<16).map { index in
            index < 8
                ? UInt8(truncatingIfNeeded: high >> (56 - 8 * index))
                : UInt8(truncatingIfNeeded: low >> (120 - 8 * index))
        }
    }

    package static func < (left: UUIDv7, right: UUIDv7) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UUIDv7: CustomStringConvertible {
    /// Lower-case RFC 9562 text.
    package var description: String {
        let hex = HexDigit.text(bytes).utf8
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in hex.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// An identifier of one kind of thing, so that an order's cannot be passed where a case's is meant.
package struct Identifier<Subject>: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The bits.
    package let uuid: UUIDv7

    package init(_ uuid: UUIDv7) { self.uuid = uuid }

    /// Reads RFC 9562 text; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let uuid = UUIDv7(text) else { return nil }
        self.uuid = uuid
    }

    /// Reads 16 bytes; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        guard let uuid = UUIDv7(bytes: bytes) else { return nil }
        self.uuid = uuid
    }

    package var description: String { uuid.description }

    package static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let uuid = UUIDv7(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not an identifier: RFC 9562 text expected")
        }
        self.uuid = uuid
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Subjects of identifiers; never made.
package enum Subject {
    package enum Agent {}
    package enum Alert {}
    package enum Case {}
    package enum CaseTask {}
    package enum Order {}
    package enum Run {}
    package enum StandingOrder {}
    package enum Token {}
    package enum User {}
}

package typealias AgentID = Identifier<Subject.Agent>
package typealias AlertID = Identifier<Subject.Alert>
package typealias CaseID = Identifier<Subject.Case>
/// One thing that waits for a person: a playbook's manual step or approval.
package typealias TaskID = Identifier<Subject.CaseTask>
package typealias OrderID = Identifier<Subject.Order>
package typealias RunID = Identifier<Subject.Run>
package typealias StandingID = Identifier<Subject.StandingOrder>
package typealias TokenID = Identifier<Subject.Token>
package typealias UserID = Identifier<Subject.User>
