import CordonSigma
import CordonTesting
import Glibc
import Testing

@testable import ControllerRules

@Suite("Folders of rules")
struct FolderTests {
    private let good = document("s: {A: x}\ncondition: s")

    @Test("A bad file stops no other, and a set with a fault is refused whole")
    func bad() throws {
        let scratch = try Scratch()
        try scratch.folder("rules/deep")
        try scratch.file("rules/b.yml", good)
        try scratch.file("rules/a.yml", "title: [\n")
        try scratch.file(
            "rules/deep/c.yaml", "title: t\nlevel: low\nlogsource: {product: a}\ndetection: {s: {A: x}, condition: s}")
        try scratch.file("rules/readme.md", "no rule")
        try scratch.file("rules/.hidden.yml", "no: rule")
        let set = try RuleSet.load(["\(scratch.path)/rules"])
        #expect(set.files == 3)
        #expect(set.rules.map(\.title) == ["A rule", "t"])
        #expect(set.faults.map(\.file) == ["\(scratch.path)/rules/a.yml"])
        #expect(throws: RulesError.self) { try set.checked() }
        let sound = try RuleSet.load(["\(scratch.path)/rules/b.yml"]).checked()
        #expect(sound.rules.count == 1)
    }

    @Test("Pipes, links to nowhere and large files are named, and nothing waits")
    func special() throws {
        let scratch = try Scratch()
        let folder = try scratch.folder("rules")
        #expect(unsafe mkfifo("\(folder)/a.yml", 0o600) == 0)
        #expect(unsafe symlink("/nonexistent/x", "\(folder)/b.yml") == 0)
        #expect(unsafe symlink("\(folder)", "\(folder)/c") == 0)
        #expect(unsafe symlink("/dev/zero", "\(folder)/d.yml") == 0)
        try scratch.file("rules/e.yml", String(repeating: "a", count: (1 << 20) + 1))
        try scratch.file("rules/f.yml", good)
        let set = try RuleSet.load([folder])
        #expect(set.rules.count == 1)
        #expect(set.faults.map { $0.file.suffix(5) } == ["a.yml", "b.yml", "d.yml", "e.yml"])
    }

    @Test("A path that is named and cannot be read is an error of its own")
    func absent() {
        #expect(throws: RulesError.self) { try RuleSet.load(["/nonexistent/rules"]) }
        #expect(throws: RulesError.self) { try RuleSet.load(["/dev/zero"]) }
    }
}
