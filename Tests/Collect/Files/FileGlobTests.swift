import CordonModel
import Glibc
import Testing

@testable import AgentCollect

@Suite("Patterns of files")
struct FileGlobTests {
    @Test(
        "a name fits a pattern as it does in the shell",
        arguments: [
            ("*.log", "auth.log", true), ("*.log", ".log", false), (".*", ".log", true), ("a?c", "abc", true),
            ("a?c", "ac", false), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true),
            ("[]]x", "]x", true), ("[ab", "[ab", true), ("*a*b*c", "xxaxxbxxc", true), ("*a*b*c", "xxaxxcxxb", false),
            ("", "", true), ("*", "", true), ("a", "", false), ("[a-", "[a-", true),
        ])
    func matching(pattern: String, name: String, fits: Bool) {
        #expect(FileGlob.matches(Array(pattern.utf8)[...], Array(name.utf8)[...]) == fits)
    }

    @Test("a hostile name does not make matching slow")
    func hostile() {
        let pattern = Array(String(repeating: "*a", count: 60).utf8) + [UInt8(ascii: "b")]
        #expect(!FileGlob.matches(pattern[...], Array(repeating: UInt8(ascii: "a"), count: 255)[...]))
    }

    @Test("a pattern leads through folders, in order")
    func folders() throws {
        let scratch = try Scratch()
        for folder in ["web1", "web2", "db"] { unsafe mkdir(scratch.file(folder), 0o700) }
        for file in ["web1/access.log", "web2/access.log", "web2/error.txt", "db/access.log"] {
            try scratch.append(file, "x\n")
        }
        let found = FileGlob(scratch.file("web*/*.log")).paths()
        #expect(found.paths == [scratch.file("web1/access.log"), scratch.file("web2/access.log")])
        #expect(found.isWhole)
    }

    @Test(
        "what a rotation makes of a log is no log of its own",
        arguments: [
            ("/l/a.log.1", true), ("/l/a.log-20261121", true), ("/l/a.log.2.gz", true), ("/l/a.log.old", true),
            ("/l/a.login", false), ("/l/a.log.audit", false), ("/l/b.log", false),
        ])
    func rotated(path: String, isRotated: Bool) {
        #expect(FilePlaces.isRotated(path, among: ["/l/a.log"]) == isRotated)
    }
}
