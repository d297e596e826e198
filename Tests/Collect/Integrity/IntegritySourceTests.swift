import CordonModel
import Glibc
import Testing

@testable import AgentCollect

@Suite("File integrity")
struct IntegritySourceTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        guard unsafe mkdir(scratch.file("etc"), 0o755) == 0 else { return }
        try scratch.append("etc/passwd", "root:x:0:0\n")
        try scratch.append("etc/sudoers", "root ALL=(ALL) ALL\n")
    }

    private func source() -> IntegritySource {
        IntegritySource(
            watched: [scratch.file("etc")], baseline: scratch.file("integrity.json"), interval: .milliseconds(200),
            users: UserNames(folder: nil), surroundings: surroundings)
    }

    private func actions(_ deliveries: Deliveries) async -> [String] {
        await deliveries.records.map { record in
            let event = Normalizer().normalize(record, now: surroundings.now())
            return "\(event.text(.fileName) ?? "?") \(event.text(.eventAction) ?? "?")"
        }
    }

    @Test("what changed while nobody watched is said at the next start, and only once", .timeLimit(.minutes(1)))
    func whileDown() async throws {
        let first = Deliveries()
        try await following(source(), into: first) { await first.waitForPosition() }
        let none = await first.records.count
        #expect(none == 0, "the first look is the baseline")

        try scratch.append("etc/sudoers", "mallory ALL=(ALL) NOPASSWD: ALL\n")
        try scratch.append("etc/ld.so.preload", "/tmp/evil.so\n")
        #expect(unsafe chmod(scratch.file("etc/passwd"), 0o666) == 0)
        let second = Deliveries()
        let position = await first.position
        try await following(source(), from: position, into: second) { await second.wait(for: 3) }
        let said = await actions(second)
        #expect(Set(said) == ["sudoers updated", "ld.so.preload created", "passwd attributes_modified"])

        let third = Deliveries()
        try await following(source(), from: position, into: third) {
            guard unsafe unlink(scratch.file("etc/ld.so.preload")) == 0 else { return }
            await third.wait(for: 1)
        }
        let last = await actions(third)
        #expect(last == ["ld.so.preload deleted"])
    }

    @Test("what could not be read earlier is hashed as soon as it can, and that is no change")
    func readableLater() throws {
        let path = scratch.file("etc/passwd")
        let readable = try #require(WatchedFile.look(at: path, earlier: nil))
        var unread = readable
        unread.hash = nil
        let now = try #require(WatchedFile.look(at: path, earlier: unread))
        #expect(now.hash != nil && now.hash == readable.hash)
        #expect(!now.hasOtherContent(than: unread))
    }

    @Test("a change keeps the hash before and after, owner and permissions", .timeLimit(.minutes(1)))
    func hashes() async throws {
        let first = Deliveries()
        try await following(source(), into: first) { await first.waitForPosition() }
        try scratch.truncate("etc/passwd")
        try scratch.append("etc/passwd", "abc")
        let second = Deliveries()
        try await following(source(), from: nil, into: second) { await second.wait(for: 1) }
        let record = try #require(await second.records.first)
        // SHA-256 of "abc", FIPS 180-4's own example.
        #expect(
            record.fields[.fileHashSHA256]
                == .text("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(record.fields[named: "file_integrity.before.sha256"] != nil)
        #expect(record.fields[.fileMode] == .text("0600"))
        #expect(record.fields[.fileUID] == .text(String(getuid())))
    }
}

extension Deliveries {
    /// Waits until something, maybe empty, was delivered.
    func waitForPosition() async {
        while position == nil, !Task.isCancelled { await Task.yield() }
    }
}
