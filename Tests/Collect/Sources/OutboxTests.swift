import CordonModel
import CordonScan
import Testing

@testable import AgentCollect

@Suite("What live sources have read and is not durable yet")
struct OutboxTests {
    private func record(bytes: Int) -> Record {
        Record(text: [0x61], fields: [.processCommandLine: .text(String(repeating: "a", count: bytes))])
    }

    @Test("is bounded by bytes, for a few thousand long command lines would fill the memory")
    func bytes() {
        let outbox = Outbox()
        for place in 0..<511 {
            outbox.put([record(bytes: 16_384)], position: .integer(Int64(place)))
            #expect(!outbox.isFull)
        }
        outbox.put([record(bytes: 32_768)], position: .integer(511))
        #expect(outbox.isFull)
    }

    @Test("is handed on in batches, each with the position of its last part, and none is lost")
    func batches() {
        let outbox = Outbox()
        for place in 0..<600 {
            let gap = Gap(source: "s", noticedAt: Timestamp(seconds: 0), message: "\(place)")
            outbox.put([record(bytes: 16_384)], gaps: [gap], position: .integer(Int64(place)))
        }
        var (records, gaps) = (0, 0)
        while let batch = outbox.take() {
            records += batch.records.count
            gaps += batch.gaps.count
            #expect(batch.position == .integer(Int64(records - 1)) && batch.records.count < 65)
        }
        #expect(records == 600 && gaps == 600 && !outbox.isFull)
        // One alone that is too large goes too.
        outbox.put([record(bytes: 2 << 20)], position: nil)
        #expect(outbox.take()?.records.count == 1 && outbox.take()?.records.count == nil)
    }
}
