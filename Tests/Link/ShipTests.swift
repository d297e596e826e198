import CordonLink
import CordonModel
import CordonWire
import FoundationEssentials
import GRPCCore
import SwiftProtobuf
import Synchronization
import Testing

@Suite("Shipping", .timeLimit(.minutes(1)))
struct ShipTests {
    let scratch = ScratchFolder()

    private func batch(_ first: UInt64, _ count: Int) -> Cordon_V1_Batch {
        .with {
            $0.epoch = Data(repeating: 9, count: 16)
            $0.firstSequence = first
            $0.items = (0..<count).map { Data("line \($0)".utf8) }
        }
    }

    @Test("a batch is acknowledged up to its last line once it is kept")
    func acknowledges() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let batches = [batch(1, 3), batch(4, 512)]
            let acks = try await agent.call { link in
                try await link.ship(metadata: agent.metadata, options: .short) { writer in
                    for batch in batches { try await writer.write(batch) }
                } onResponse: { response in
                    var acks: [UInt64] = []
                    for try await ack in response.messages { acks.append(ack.sequence) }
                    return acks
                }
            }
            #expect(acks == [3, 515])
            #expect(controller.heard.batches == batches)
        }
    }

    @Test(
        "a batch that cannot be kept is not acknowledged; one that breaks the limits is refused",
        arguments: [
            (1, RPCError.Code.unavailable), (513, .invalidArgument),
        ])
    func refuses(items: Int, code: RPCError.Code) async throws {
        try await Controller.serve(in: scratch.path) { controller in
            controller.heard.refusesBatches.withLock { $0 = true }
            let agent = try await controller.agent()
            let error = await #expect(throws: RPCError.self) {
                try await agent.call { link in
                    try await link.ship(metadata: agent.metadata, options: .short) { writer in
                        try await writer.write(batch(1, items))
                    } onResponse: { response in
                        for try await _ in response.messages { Issue.record("acknowledged") }
                    }
                }
            }
            #expect(error?.code == code)
        }
    }
}
