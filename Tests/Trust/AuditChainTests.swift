import CordonModel
import CordonTrust
import Testing

@Suite("Audit chain")
struct AuditChainTests {
    private static let key = SigningKey()

    private static func entry(_ number: Int) -> AuditEntry {
        AuditEntry(
            at: noon + .seconds(Int64(number)), actor: "ada", verb: "order.queued", subject: "order:\(number)",
            details: ["host": "web-\(number)", "why": "because"])
    }

    private static func chain(_ count: Int) -> [AuditRecord] {
        var head = AuditHead.start
        return (1...count).map { number in
            let record = AuditChain.record(entry(number), after: head)
            head = AuditHead(index: record.index, hash: record.hash)
            return record
        }
    }

    private static func checkpoint(_ record: AuditRecord) throws -> AuditCheckpoint {
        try AuditChain.checkpoint(at: AuditHead(index: record.index, hash: record.hash), with: key)
    }

    private func fault(_ records: [AuditRecord], _ checkpoints: [AuditCheckpoint] = []) -> AuditFault? {
        AuditChain.firstFault(in: records, checkpoints: checkpoints, key: Self.key.verifyingKey)
    }

    @Test("a chain with checkpoints, in any order, holds")
    func holds() throws {
        let records = Self.chain(20)
        let checkpoints = try [records[19], records[4], records[9]].map(Self.checkpoint)
        #expect(fault(records, checkpoints) == nil)
        #expect(fault([], []) == nil)
    }

    @Test("any change to any field of a record is found at that record", arguments: 0..<6)
    func altered(_ change: Int) {
        var records = Self.chain(10)
        var entry = records[4].entry
        switch change {
        case 0: entry.at = entry.at + .microseconds(1)
        case 1: entry.actor = "eve"
        case 2: entry.verb = "order.denied"
        case 3: entry.subject += "0"
        case 4: entry.details["host"] = nil
        default: entry.details["why"] = "becaus\u{65}\u{301}"
        }
        records[4] = AuditRecord(index: 5, entry: entry, hash: records[4].hash)
        #expect(fault(records) == AuditFault(index: 5, kind: .altered))
    }

    @Test("a record that is left out, added or moved is found")
    func gaps() {
        let records = Self.chain(10)
        var without = records
        without.remove(at: 3)
        #expect(fault(without) == AuditFault(index: 4, kind: .gap))
        var twice = records
        twice.insert(records[3], at: 3)
        #expect(fault(twice) == AuditFault(index: 5, kind: .gap))
        var swapped = records
        swapped.swapAt(3, 4)
        #expect(fault(swapped) == AuditFault(index: 4, kind: .gap))
        #expect(fault(Array(records.dropFirst())) == AuditFault(index: 1, kind: .gap))
    }

    @Test("a chain that was rewritten with new hashes contradicts its checkpoint")
    func rewritten() throws {
        let records = Self.chain(10)
        let checkpoint = try Self.checkpoint(records[6])
        var head = AuditHead.start
        let forged = records.map { record in
            var entry = record.entry
            if record.index == 3 { entry.actor = "nobody" }
            let next = AuditChain.record(entry, after: head)
            head = AuditHead(index: next.index, hash: next.hash)
            return next
        }
        #expect(fault(forged) == nil)
        #expect(fault(forged, [checkpoint]) == AuditFault(index: 7, kind: .rewritten))
    }

    @Test("a chain that was cut off before its checkpoint, and a checkpoint of another key, are found")
    func truncated() throws {
        let records = Self.chain(10)
        let checkpoint = try Self.checkpoint(records[9])
        #expect(fault(Array(records.prefix(8)), [checkpoint]) == AuditFault(index: 10, kind: .truncated))
        let head = AuditHead(index: 4, hash: records[3].hash)
        let forged = try AuditChain.checkpoint(at: head, with: SigningKey())
        #expect(fault(records, [forged]) == AuditFault(index: 4, kind: .forgedCheckpoint))
    }

    @Test("texts cannot be moved between fields without another hash")
    func canonical() {
        func bytes(_ actor: String, _ verb: String, _ details: [String: String] = [:]) -> [UInt8] {
            AuditChain.canonicalBytes(
                of: AuditEntry(at: noon, actor: actor, verb: verb, subject: "", details: details), at: 1)
        }
        #expect(bytes("ab", "c") != bytes("a", "bc"))
        #expect(bytes("a", "b", ["c": "d"]) != bytes("a", "b", ["cd": ""]))
        #expect(bytes("a", "b", ["x": "1", "y": "2"]) == bytes("a", "b", ["y": "2", "x": "1"]))
    }

    @Test("the bytes of a record are what they always were")
    func vector() {
        let bytes = AuditChain.canonicalBytes(
            of: AuditEntry(
                at: Timestamp(microseconds: 1), actor: "a", verb: "b", subject: "c", details: ["k": "v"]), at: 2)
        #expect(
            HexDigit.text(bytes)
                == "636f72646f6e2f61756469742d7265636f72642f763100" + "0000000000000002" + "0000000000000001"
                + "0000000161" + "0000000162" + "0000000163" + "00000001" + "000000016b" + "0000000176")
    }
}
