internal import CordonModel
internal import FoundationEssentials
internal import Testing

@Suite("Identifiers and states")
struct VocabularyTests {
    private static let text = "018f2c5e-7a3b-7c4d-8e5f-0123456789ab"

    @Test("an identifier is read and written, and its bytes are its text")
    func identifiers() throws {
        let id = try #require(OrderID(Self.text))
        #expect(id.description == Self.text)
        #expect(OrderID(Self.text.uppercased()) == id)
        #expect(OrderID(bytes: id.uuid.bytes) == id)
        #expect(try JSONDecoder().decode(OrderID.self, from: JSONEncoder().encode(id)) == id)
    }

    @Test(
        "what is no identifier is not guessed at",
        arguments: [
            "", "018f2c5e7a3b7c4d8e5f0123456789ab", "018f2c5e-7a3b-7c4d-8e5f-0123456789a",
            "018f2c5e-7a3b-7c4d-8e5f-0123456789abc",
            "018f2c5e-7a3b-7c4d-8e5f-0123456789ag", "018f2c5-e7a3b-7c4d-8e5f-0123456789ab",
            "{018f2c5e-7a3b-7c4d-8e5f-0123456789ab}",
            "018f2c5e-7a3b-7c4d-8e5f-0123456789ab ", "------------------------------------",
        ])
    func badIdentifiers(_ text: String) {
        #expect(OrderID(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([OrderID].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test("identifiers are of version 7, and sort by the instant that they were made")
    func versionSeven() {
        let all = (0..<50).map { UUIDv7(at: Timestamp(microseconds: Int64($0) * 1_000_000_000), random: (.max, .max)) }
        #expect(all.sorted() == all)
        #expect(all.allSatisfy { $0.bytes[6] >> 4 == 7 && $0.bytes[8] >> 6 == 2 })
        let old = UUIDv7(at: Timestamp(microseconds: -5), random: (0, 0))
        #expect(old.description == "00000000-0000-7000-8000-000000000000")
    }

    @Test("identifiers come from the surroundings' clock and randomness")
    func surroundings() {
        let surroundings = Surroundings(now: { Timestamp(seconds: 1) }, random: { 0x0123_4567_89AB_CDEF })
        #expect(surroundings.identifier(of: CaseID.self).description == "00000000-03e8-7def-8123-456789abcdef")
    }

    @Test("hexadecimal text is read in either case and written in lower case")
    func hexadecimal() {
        #expect(HexDigit.bytes("00fFA0") == [0, 255, 160])
        #expect(HexDigit.text([0, 255, 160]) == "00ffa0")
        #expect(
            HexDigit.bytes("") == [] && HexDigit.bytes("0") == nil && HexDigit.bytes("0g") == nil
                && HexDigit.bytes("é") == nil)
    }

    @Test(
        "an order's states follow each other as the architecture says",
        arguments: [
            (OrderState.drafted, OrderState.approved, true), (.approved, .queued, true), (.queued, .leased, true),
            (.leased, .received, true), (.received, .running, true), (.running, .succeeded, true),
            (.running, .failed, true),
            (.running, .refused, true), (.queued, .expired, true), (.received, .unknown, true),
            (.succeeded, .reverted, true),
            (.leased, .queued, true), (.unknown, .succeeded, true), (.drafted, .queued, false),
            (.running, .drafted, true), (.queued, .approved, true), (.refused, .drafted, false),
            (.drafted, .running, false),
            (.queued, .succeeded, false), (.succeeded, .running, false), (.succeeded, .queued, false),
            (.refused, .queued, false),
            (.expired, .running, false), (.failed, .reverted, false), (.reverted, .succeeded, false),
        ])
    func states(_ from: OrderState, _ to: OrderState, _ expected: Bool) {
        #expect(from.canBecome(to) == expected)
    }

    @Test("no state follows itself, and from a final one no way leads back to work", arguments: OrderState.allCases)
    func finality(_ state: OrderState) {
        #expect(!state.canBecome(state))
        let next = OrderState.allCases.filter { state.canBecome($0) }
        let leadsToWork = next.contains { !$0.isFinal }
        #expect(state.isFinal ? !leadsToWork : !next.isEmpty)
    }

    @Test("an outcome leads to its state; an expired order is told from other refusals")
    func outcomes() {
        #expect(Outcome.succeeded.state == .succeeded && Outcome.failed(code: "x").state == .failed)
        #expect(
            Outcome.refused(rule: "signature").state == .refused && Outcome.refused(rule: "expired").state == .expired)
    }

    @Test("roles and severities are ordered as they are listed")
    func order() {
        #expect(Role.allCases.sorted() == Role.allCases && Role.viewer < .administrator)
        #expect(Severity.allCases.sorted() == Severity.allCases)
        #expect(Severity.allCases.allSatisfy { (0...100).contains($0.score) })
    }

    @Test("what can be undone names what undoes it, and an undo is no containment itself")
    func undo() {
        #expect(ActionKind.isolate.undo == .release && ActionKind.blockAddress.undo == .unblockAddress)
        #expect(ActionKind.allCases.compactMap(\.undo).allSatisfy { $0.undo == nil })
    }

    @Test("an event gives its fields by kind, and an observable is of its address's family")
    func events() throws {
        let nothing = Timestamp(microseconds: 0)
        let event = Event(
            timestamp: nothing, created: nothing, original: "x",
            fields: [
                .userName: .text("root"), .processPID: .number(7), .sourceIP: .text("::ffff:192.0.2.1"),
                .hostName: .text("h"),
            ])
        #expect(event.text(.userName) == "root" && event.text(.processPID) == nil && event.number(.processPID) == 7)
        #expect(event.number(.userName) == nil && event.address(.hostName) == nil)
        let address = try #require(event.address(.sourceIP))
        #expect(Observable(address) == Observable(kind: .ipv4, value: "192.0.2.1"))
        #expect(Observable(try #require(IPAddress("::1"))).kind == .ipv6)
    }

    @Test("an error for people ends with its code, and says what to do where there is something to do")
    func errors() {
        struct Fault: ActionableError { var code = "a.b", message = "It is so.", remedy: String }
        #expect("\(Fault(remedy: "Do this."))" == "It is so. Do this. [a.b]")
        #expect("\(Fault(remedy: ""))" == "It is so. [a.b]")
    }
}
