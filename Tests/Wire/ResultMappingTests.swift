internal import CordonModel
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf
internal import Testing

@Suite("Results on the wire")
struct ResultMappingTests {
    @Test(
        "a result comes back as it went",
        arguments: [Outcome.succeeded, .failed(code: "kernel"), .refused(rule: "never_isolate (f:1)")])
    func results(_ outcome: Outcome) throws {
        for proof in [nil, Samples.proof] {
            let result = OrderResult(
                order: OrderID(Samples.id), outcome: outcome, message: "Done.", startedAt: Samples.now,
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
