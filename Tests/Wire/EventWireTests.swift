internal import CordonModel
internal import CordonWire
internal import SwiftProtobuf
internal import Testing

@Suite("Events written and read without generated messages")
struct EventWireTests {
    @Test("random events are the same messages, of the same length, as the library writes")
    func agreesWriting() throws {
        var random = Rolls(state: 7)
        for _ in 0..<3000 {
            let event = random.event()
            let expected = Cordon_V1_Event(event)
            let bytes = event.wireBytes
            #expect(try Cordon_V1_Event(serializedBytes: bytes) == expected)
            #expect(bytes.count == (try expected.serializedData().count))
            let item = try Telemetry.event(event).serialized()
            #expect(try Cordon_V1_Item(serializedBytes: item).event == expected)
            #expect(item.count == (try Cordon_V1_Item.with { $0.event = expected }.serializedData().count))
        }
    }

    @Test("random messages of the library are read as the library's mapping reads them")
    func agreesReading() throws {
        var random = Rolls(state: 11)
        for _ in 0..<3000 {
            let message = Cordon_V1_Event(random.event())
            let bytes: [UInt8] = try message.serializedBytes()
            #expect(try Event(wireBytes: bytes) == message.model())
        }
    }

    @Test("one field alone is the same bytes", arguments: Rolls.values)
    func bytes(_ value: FieldValue) throws {
        let event = Event(
            timestamp: Timestamp(microseconds: -1), created: Timestamp(microseconds: 0), original: "é",
            fields: [.message: value])
        let expected: [UInt8] = try Cordon_V1_Event(event).serializedBytes()
        #expect(event.wireBytes == expected)
    }

    @Test("damaged bytes never trap, are refused where the library refuses them, and else read as it reads them")
    func damaged() throws {
        var random = Rolls(state: 13)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes: [UInt8] = try Cordon_V1_Event(random.event()).serializedBytes()
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch random.next() % 3 {
                case 0: bytes[place] ^= UInt8(1) << UInt8(random.next() % 8)
                case 1: bytes.removeLast(bytes.count - place)
                default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                }
            }
            guard let message = try? Cordon_V1_Event(serializedBytes: bytes) else {
                refused += 1
                #expect(throws: WireError.self) { try Event(wireBytes: bytes) }
                continue
            }
            // More is refused here: groups, which proto3 has not, and entries of another shape. A list that comes in parts
            // is not put together.
            if let event = try? Event(wireBytes: bytes), !message.hasSplitLists(bytes) {
                #expect(event == message.model())
            }
        }
        #expect(refused > 1000)
    }

    @Test("of a name that comes twice the last one counts")
    func repeated() throws {
        func part(_ text: String) throws -> [UInt8] {
            try Cordon_V1_Event.with { $0.fields["user.name"] = .with { $0.text = text } }.serializedBytes()
        }
        #expect(try Event(wireBytes: part("a") + part("b")).text(.userName) == "b")
    }
}

extension Cordon_V1_Event {
    /// Whether writing it again is not of the same length: something in the bytes stood twice.
    fileprivate func hasSplitLists(_ bytes: [UInt8]) -> Bool {
        (try? serializedData().count) != bytes.count
    }
}

/// Repeatable chance.
struct Rolls: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    static let values: [FieldValue] = [
        .text(""), .text("root"), .text(String(repeating: "x", count: 127)), .text(String(repeating: "ü", count: 9000)),
        .number(0), .number(-1), .number(.max), .number(.min), .number(127), .number(128), .flag(true), .flag(false),
        .texts([]), .texts([""]), .texts(["a", "", "\u{1F600}"]), .texts(Array(repeating: "t", count: 70)),
        .texts([String(repeating: "y", count: 20_000)]),
    ]

    private mutating func text(_ most: Int) -> String {
        let alphabet: [Unicode.Scalar] = ["a", "Z", "0", " ", "\u{0}", "\u{7F}", "é", "☃", "\u{1F600}", "\u{FFFD}"]
        var text = ""
        for _ in 0..<Int.random(in: 0...most, using: &self) {
            text.unicodeScalars.append(alphabet.randomElement(using: &self) ?? "a")
        }
        return text
    }

    mutating func event() -> Event {
        let times: [Int64] = [0, 1, -1, .max, .min, 1_795_223_340_123_456]
        var event = Event(
            timestamp: Timestamp(microseconds: times.randomElement(using: &self) ?? 0),
            created: Timestamp(microseconds: times.randomElement(using: &self) ?? 0), original: text(300))
        if next() % 50 == 0 { event.original = String(repeating: "☃", count: 22_000) }
        for _ in 0..<Int.random(in: 0...25, using: &self) {
            guard let field = ECSField.allCases.randomElement(using: &self) else { continue }
            event.fields[field] = value()
        }
        let others = next() % 40 == 0 ? 300 : Int.random(in: 0...3, using: &self)
        for number in 0..<others { event.fields[named: next() % 5 == 0 ? text(140) : "x.\(number)"] = value() }
        return event
    }

    private mutating func value() -> FieldValue {
        switch next() % 5 {
        case 0: .text(text(40))
        case 1: .number(Int64(bitPattern: next()))
        case 2: .flag(next() % 2 == 0)
        case 3: .texts((0..<Int(next() % 5)).map { _ in text(10) })
        default: Self.values.randomElement(using: &self) ?? .flag(true)
        }
    }
}
