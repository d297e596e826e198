import AgentNetlink
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import Testing

@testable import AgentEnforce

/// What orders bring, and how it is handed over: the real enforcer.
@Suite("Evidence", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct EvidenceTests {
    private let lab: Lab
    private let fleet: Enrolled

    init() throws {
        lab = try Lab()
        fleet = try Enrolled(
            lab.scratch,
            policy: """
                uncollected_paths = ["\(lab.scratch.path)/patients/*"]
                largest_evidence = 4000000
                evidence_per_hour = 9000000
                """)
    }

    private func mark(
        _ enforcer: EnforcerProcess, _ order: OrderID? = nil, _ state: Cordon_V1_EvidenceMark.State = .unspecified,
        at offset: Int = 0
    ) throws -> Cordon_V1_EvidencePart {
        let response = try enforcer.ask { request in
            request.evidence.state = state
            request.evidence.offset = UInt64(offset)
            if let order { request.evidence.orderID = Data(order.uuid.bytes) }
        }
        return response.evidence
    }

    /// Fetches from the offset on, at most so many parts.
    private func fetch(
        _ enforcer: EnforcerProcess, _ order: OrderID, from offset: Int = 0, size: Int, parts: Int = .max
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var count = 0
        while offset + bytes.count < size, count < parts {
            let part = try mark(enforcer, order, .wanted, at: offset + bytes.count)
            #expect(OrderID(bytes: part.orderID) == order && part.content.count <= 1 << 18)
            bytes += [UInt8](part.content)
            count += 1
        }
        return bytes
    }

    @Test("a collected file is fetched in parts, over kill -9 of the enforcer, and is gone once the controller has it")
    func collects() throws {
        let text = (0..<120_000).map { "line \($0)\n" }.joined()
        let path = try lab.scratch.file("evil", text, mode: 0o600)
        var enforcer = try EnforcerProcess(fleet, in: lab.host)
        let order = fleet.order(.collectFile(FileCollection(path: path)))
        // Signed once: the parameters of a second serialisation may stand in another order.
        let signed = try fleet.sign(order)
        let result = try enforcer.execute(signed)
        #expect(result.outcome == .succeeded, "\(result.message)")
        let evidence = try #require(result.evidence)
        #expect(evidence.name == "evil" && evidence.size == Int64(text.utf8.count))
        #expect(evidence.sha256 == Fingerprint(of: Array(text.utf8)).bytes)
        #expect(result.proof?.probes.map(\.name) == ["evidence_kept"])
        #expect(try String(decoding: #require(TextFile.bytes(path, limit: 1 << 22)), as: UTF8.self) == text)
        let offered = try mark(enforcer)
        #expect(OrderID(bytes: offered.orderID) == order.id && offered.content.isEmpty)
        var bytes = try fetch(enforcer, order.id, size: text.utf8.count, parts: 3)
        enforcer.kill()
        enforcer = try EnforcerProcess(fleet, in: lab.host)
        #expect(try enforcer.execute(signed).evidence == evidence, "the same order has the same answer")
        bytes += try fetch(enforcer, order.id, from: bytes.count, size: text.utf8.count)
        #expect(bytes == Array(text.utf8))
        #expect(try mark(enforcer, order.id, .later).orderID.isEmpty, "what cannot be taken now is not offered twice")
        #expect(try OrderID(bytes: mark(enforcer).orderID) == order.id, "but stays")
        #expect(try mark(enforcer, order.id, .kept).orderID.isEmpty)
        #expect(try mark(enforcer).orderID.isEmpty)
        #expect(try mark(enforcer, order.id, .wanted).orderID.isEmpty)
        #expect(TextFile.names(in: lab.scratch.path + "/state/evidence") == ["\(order.id).note"])
    }

    @Test("secrets, what the owner keeps, links, folders, and what is no file are refused, by which rule")
    func refusals() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let scratch = lab.scratch.path
        try Program.must(["mkdir", "-p", scratch + "/patients", scratch + "/home/.ssh"])
        try lab.scratch.file("patients/list", "x")
        try lab.scratch.file("home/.ssh/id_ed25519", "x")
        try Program.must(["ln", "-s", "/etc/hostname", scratch + "/link"])
        try Program.must(["touch", scratch + "/shadow"])
        try Program.must(["mount", "--bind", "/etc/shadow", scratch + "/shadow"])
        defer { _ = try? Program.run(["umount", "-l", scratch + "/shadow"]) }
        let rules = [
            ("/etc/shadow", "collect_secrets"), ("\(scratch)/home/.ssh/id_ed25519", "collect_secrets"),
            ("\(scratch)/shadow", "collect_secrets"), ("\(scratch)/patients/list", "uncollected_paths"),
            ("\(scratch)/state/journal", "built-in: own file"), ("\(scratch)/link", "built-in: link"),
            ("\(scratch)/patients", "built-in: file type"), ("/proc/1/environ", "built-in: file system"),
            ("/dev/null", "built-in: file type"),
        ]
        for (path, rule) in rules {
            let result = try enforcer.execute(.collectFile(FileCollection(path: path)))
            guard case .refused(let said) = result.outcome else {
                Issue.record("\(path): \(result.outcome)")
                continue
            }
            #expect(said.hasPrefix(rule), "\(path): \(said)")
            #expect(result.evidence == nil)
        }
        let missing = try enforcer.execute(.collectFile(FileCollection(path: scratch + "/nothing")))
        #expect(missing.outcome == .failed(code: "file.gone"))
        #expect(try mark(enforcer).orderID.isEmpty)
    }

    @Test("a long file with holes is cut where the order says, and the hour's bytes end it, over a restart too")
    func bounds() throws {
        let path = lab.scratch.path + "/huge"
        try Program.must(["truncate", "-s", "1T", path])
        var enforcer = try EnforcerProcess(fleet, in: lab.host)
        // The order allows more than the host's owner does.
        let order = fleet.order(.collectFile(FileCollection(path: path)))
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded && result.evidence?.size == 4_000_000)
        #expect(result.message.contains("the first 4000000 of 1099511627776 bytes"), "\(result.message)")
        #expect(result.message.contains("has holes"))
        #expect(try fetch(enforcer, order.id, size: 4_000_000).allSatisfy { $0 == 0 })
        #expect(try mark(enforcer, order.id, .kept).orderID.isEmpty)
        let again = FileCollection(path: path, mostBytes: 4_000_000)
        #expect(try enforcer.execute(.collectFile(again)).outcome == .succeeded)
        enforcer.kill()
        enforcer = try EnforcerProcess(fleet, in: lab.host)
        let refused = try enforcer.execute(.collectFile(again))
        #expect(refused.outcome == .refused(rule: "evidence_per_hour (\(lab.scratch.path)/policy.d/10.toml:3)"))
        let small = try enforcer.execute(.collectFile(FileCollection(path: path, mostBytes: 5)))
        #expect(small.evidence?.size == 5)
    }

    @Test("a file that is not the one that the order means is not kept")
    func another() throws {
        let path = try lab.scratch.file("evil", "one")
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        func collect(_ bytes: String) throws -> Outcome {
            let digest = HexDigit.text(Fingerprint(of: Array(bytes.utf8)).bytes)
            return try enforcer.execute(.collectFile(FileCollection(path: path, digest: digest))).outcome
        }
        #expect(try collect("two") == .failed(code: "file.other"))
        #expect(try mark(enforcer).orderID.isEmpty)
        #expect(try collect("one") == .succeeded)
    }

    @Test("of a file that changes while it is copied, it is said how")
    func changes() throws {
        let store = try EvidenceStore(folder: lab.scratch.path + "/evidence", now: { FilesGround.at })
        func copied(_ name: String, _ change: (String) throws -> Void) throws -> FileCopy {
            let path = try lab.scratch.file(name, "0123456789")
            let file = try OpenedFile(path)
            try change(path)
            let draft = try store.draft(of: OrderID(FilesGround.id(1)), limit: 100)
            return try FileCopy(file, into: draft, atMost: 100)
        }
        let grown = try copied("grown") { try Program.must(["sh", "-c", "echo more >> \($0)"]) }
        #expect(grown.copied == 10 && grown.notes == ["the file grew by 5 bytes, which are not in the copy"])
        let shrunk = try copied("shrunk") { try Program.must(["truncate", "-s", "4", $0]) }
        #expect(
            shrunk.copied == 4 && shrunk.notes.first == "the file became shorter while it was copied: 4 of 10 bytes")
        let written = try copied("written") {
            try Program.must(["sh", "-c", "printf X | dd of=\($0) conv=notrunc status=none"])
        }
        #expect(written.notes == ["the file was written to while it was copied: the copy may mix its states"])
        #expect(try copied("still") { _ in }.notes == [])
    }

    @Test("what a crash left half cut is gone at the next start, and what is too old too")
    func settles() throws {
        let folder = lab.scratch.path + "/evidence"
        let order = OrderID(FilesGround.id(7))
        func store(at now: Timestamp) throws -> EvidenceStore { try EvidenceStore(folder: folder, now: { now }) }
        let draft = try store(at: FilesGround.at).draft(of: order, limit: 3)
        try draft.append([1, 2, 3])
        #expect(throws: EnforceError.self) { try draft.append([4]) }
        _ = try draft.finish(name: "x")
        for name in ["\(FilesGround.id(8)).draft", "\(FilesGround.id(9))", "stranger"] {
            try lab.scratch.file("evidence/\(name)", "half")
        }
        let next = try store(at: FilesGround.at)
        #expect(Set(TextFile.names(in: folder)) == ["\(order)", "\(order).note"])
        #expect(next.next(after: nil) == order && next.next(after: order) == nil)
        #expect(try next.part(of: order, at: 1) == [2, 3])
        #expect(next.used.held == 3 && next.used.lastHour == 3)
        #expect(try store(at: FilesGround.at + .seconds(3700)).used.lastHour == 0)
        #expect(try store(at: FilesGround.at + .seconds(31 * 86_400)).next(after: nil) == nil)
        #expect(TextFile.names(in: folder) == [])
    }

    @Test("evidence whose note is damaged, or whose bytes are not as noted, stays for people to look at")
    func damaged() throws {
        let folder = lab.scratch.path + "/evidence"
        func store() throws -> EvidenceStore { try EvidenceStore(folder: folder, now: { FilesGround.at }) }
        let (torn, short) = (OrderID(FilesGround.id(1)), OrderID(FilesGround.id(2)))
        for order in [torn, short] {
            let draft = try store().draft(of: order, limit: 3)
            try draft.append([1, 2, 3])
            _ = try draft.finish(name: "x")
        }
        try lab.scratch.file("evidence/\(torn).note", "torn")
        try lab.scratch.file("evidence/\(short)", "12")
        #expect(try store().next(after: nil) == nil)
        #expect(
            Set(TextFile.names(in: folder)) == ["\(torn)", "\(torn).note", "\(short)", "\(short).note"])
    }
}
