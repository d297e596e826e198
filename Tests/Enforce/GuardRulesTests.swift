import CordonModel
import CordonOrders
import Glibc
import Testing

@testable import AgentEnforce

/// How the start of a program is judged, without a kernel that asks.
@Suite("Rules of the guard")
struct GuardRulesTests {
    private let scratch: Scratch
    private let clock = BootClock.live

    init() throws { scratch = try Scratch() }

    private func opened(_ path: String) throws -> Descriptor {
        try Descriptor(unsafe open(path, O_RDONLY | O_CLOEXEC)) { EnforceError.file("open", path, $0) }
    }

    private func hour() -> Term { clock.term(.seconds(3600)) }

    @Test(
        "that a file is not spared by a path that nobody finds is not remembered of the path that it has",
        .enabled(if: geteuid() == 0, "needs root, who owns the file"))
    func foreignPath() throws {
        try scratch.file("other", "x")
        try Program.must(["ln", scratch.path + "/other", scratch.path + "/keep-this"])
        let spared = SparedPrograms()
        spared.protect(["keep-*"])
        func holds(_ file: Descriptor) throws -> Bool? {
            spared.holds(file.number, try #require(FileStatus(descriptor: file.number)))
        }
        let (other, this) = (try opened(scratch.path + "/other"), try opened(scratch.path + "/keep-this"))
        try Program.must(["rm", scratch.path + "/other"])
        #expect(try holds(other) == false)
        #expect(try holds(this) == true)
    }

    @Test("a content that is blocked does not keep what a package put there, or the host stands on, from starting")
    func spared() throws {
        let copy = scratch.path + "/copy"
        // Of a package, and one of those that all need.
        for path in ["/usr/bin/env", "/usr/bin/bash"] {
            try Program.must(["cp", path, copy])
            let digest = try #require(HexDigit.bytes(String(try Program.must(["sha256sum", path]).prefix(64))))
            let rules = GuardRules(contents: [digest: hour()])
            let digests = ContentDigests()
            let (theirs, ours) = (try opened(path), try opened(copy))
            #expect(rules.judge(theirs.number, digests, SparedPrograms(), clock) == .allowed, "\(path)")
            #expect(
                rules.judge(ours.number, digests, SparedPrograms(), clock) == .denied(.digest(HexDigit.text(digest))))
        }
    }

    @Test("what was at a path when it was ordered is denied without a look at any disk; others are not")
    func known() throws {
        let (evil, other) = (try scratch.file("evil", "a"), try scratch.file("other", "b"))
        let file = try opened(evil)
        let handle = try #require(FileHandle.of(file.number))
        let status = try #require(FileStatus(descriptor: file.number))
        var place = GuardRules.Place(path: evil, files: [FileKey(status): handle], term: hour())
        #expect(GuardRules(places: [place]).deniesKnown(file.number, clock))
        #expect(try !GuardRules(places: [place]).deniesKnown(opened(other).number, clock))
        place.term = Term(start: clock.now(), duration: .zero, boot: clock.boot, startSinceBoot: 0)
        #expect(!GuardRules(places: [place]).deniesKnown(file.number, clock), "its time is over")
    }
}
