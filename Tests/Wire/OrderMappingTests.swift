internal import CordonModel
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf
internal import Testing

@Suite("Orders on the wire")
struct OrderMappingTests {
    @Test("every action comes back as it went", arguments: Samples.actions)
    func actions(_ action: Action) throws {
        var order = Samples.order
        order.action = action
        let bytes: [UInt8] = try Cordon_V1_Order(order).serializedBytes()
        #expect(try Cordon_V1_Order(serializedBytes: bytes).model() == order)
    }

    @Test("an order without a case has none afterwards")
    func withoutCase() throws {
        var order = Samples.order
        order.caseID = nil
        #expect(try Cordon_V1_Order(order).model() == order)
    }

    @Test("a malformed order is refused with the reason", arguments: Samples.brokenOrders)
    func malformed(_ broken: Samples.Broken) throws {
        var message = Cordon_V1_Order(Samples.order)
        broken.change(&message)
        let error = #expect(throws: WireError.self) { try message.model() }
        #expect(error?.code == "wire.malformed")
        #expect(error?.message.contains(broken.reason) == true, "\(error?.message ?? "")")
    }

    @Test("fields that a later version adds do not stop this one, an action that it adds does")
    func laterVersions() throws {
        // Field 100, a varint.
        let unknownField: [UInt8] = [0xA0, 0x06, 0x01]
        let bytes: [UInt8] = try Cordon_V1_Order(Samples.order).serializedBytes()
        #expect(try Cordon_V1_Order(serializedBytes: bytes + unknownField).model() == Samples.order)
        var message = Cordon_V1_Order(Samples.order)
        message.action = nil
        // Field 31, an empty message: an action of a later version.
        let withoutAction: [UInt8] = try message.serializedBytes()
        let later = try Cordon_V1_Order(serializedBytes: withoutAction + [0xFA, 0x01, 0x00])
        #expect(throws: WireError.self) { try later.model() }
    }

    @Test(
        "a result comes back as it went",
        arguments: [Outcome.succeeded, .failed(code: "kernel"), .refused(rule: "never_isolate (f:1)")])
    func results(_ outcome: Outcome) throws {
        for proof in [nil, Samples.proof] {
            let result = OrderResult(
                order: Samples.order.id, outcome: outcome, message: "Done.", startedAt: Samples.now,
                finishedAt: Samples.now + .milliseconds(3), proof: proof)
            #expect(try Cordon_V1_OrderResult(result).model() == result)
        }
    }

    @Test("a result of an unknown outcome counts as failed, and long texts are cut")
    func strangeResults() throws {
        var message = Cordon_V1_OrderResult()
        #expect(throws: WireError.self) { try message.model() }
        message.orderID = Data(repeating: 1, count: 16)
        message.outcome = .UNRECOGNIZED(99)
        message.message = String(repeating: "é", count: 5000)
        message.proof.applied = Array(repeating: String(repeating: "x", count: 9000), count: 500)
        message.startedAtUs = .min
        let result = try message.model()
        #expect(result.outcome == .failed(code: "unknown_outcome"))
        #expect(result.message.utf8.count == WireLimits.text && result.message.allSatisfy { $0 == "é" })
        #expect(result.proof?.applied.count == 100 && result.proof?.applied.first?.utf8.count == WireLimits.text)
    }

    @Test("a host's facts and what is in force there come back as they went")
    func facts() {
        #expect(Cordon_V1_Facts(Samples.facts).model() == Samples.facts)
        #expect(Cordon_V1_Containment(ContainmentState()).model() == ContainmentState())
    }

    @Test("of many blocks a thousand are named and all are counted, and what is no network is left out")
    func manyBlocks() throws {
        let blocks = (0..<1500).map {
            ContainmentState.Block(network: Network(IPAddress.v4(0x0A00_0000 + UInt32($0))), until: Samples.now)
        }
        var message = Cordon_V1_Containment(ContainmentState(blocks: blocks))
        #expect(message.blockCount == 1500 && message.blocks.count == 1000)
        message.blocks[0].network = "10.0.0.1/8"
        message.isolatedBy = Data([1])
        #expect(message.model().blocks.count == 999 && message.model().isolatedBy == nil)
    }

    @Test(
        "a text is cut to its bytes, never inside a character",
        arguments: [
            ("abc", 3, "abc"), ("abc", 2, "ab"), ("aé", 2, "a"), ("€€", 5, "€"), ("😀", 3, ""), ("x", 0, ""),
            ("", 0, ""),
        ])
    func bounded(_ text: String, _ bytes: Int, _ expected: String) {
        #expect(text.bounded(bytes) == expected)
    }
}
