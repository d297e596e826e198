import CordonModel
import CordonOrders
import CordonScan
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

/// Rules of YARA on real files and processes: the real enforcer, and the real child.
@Suite("YARA", .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct YaraTests {
    private let lab: Lab
    private let fleet: Enrolled
    private let tree: String
    private static let program = EnforcerProcess.binary.dropLast("enforcer".count) + "yara"
    private let marker = "rule marked { strings: $a = \"evil-marker\" condition: $a }\n"

    init() throws {
        lab = try Lab()
        tree = "\(lab.scratch.path)/tree"
        fleet = try Enrolled(
            lab.scratch, policy: "collect_memory = true\nuncollected_paths = [\"*/patients/*\"]",
            settings: "yara_program = \"\(Self.program)\"")
        try Program.must(["mkdir", "-p", "\(tree)/deep/er", "\(tree)/patients"])
        try lab.scratch.file("tree/plain", "nothing to see\n")
        try lab.scratch.file("tree/deep/er/bad", "x evil-marker, and evil-marker\n")
    }

    /// What is said of the look, and the rules that matched.
    private func scan(
        _ enforcer: EnforcerProcess, _ scan: YaraScan
    ) throws -> (result: OrderResult, head: JSONValue, rows: [JSONValue]) {
        let order = fleet.order(.yaraScan(scan))
        let result = try enforcer.execute(order)
        guard result.evidence != nil else { return (result, .null, []) }
        #expect(result.evidence?.name == "yara.ndjson")
        let bytes = try #require(TextFile.bytes("\(lab.scratch.path)/state/evidence/\(order.id)", limit: 16 << 20))
        let lines = try bytes.split(separator: 0x0A).map { try JSONValue.parse(Array($0)) }
        return (result, try #require(lines.first), Array(lines.dropFirst()))
    }

    private func code(_ result: OrderResult) -> String? {
        if case .failed(let code) = result.outcome { return code }
        return nil
    }

    /// Whether no child is left.
    private func isAlone(_ enforcer: EnforcerProcess) throws -> Bool {
        try Program.run(["pgrep", "-P", "\(enforcer.program.pid)"]).output.isEmpty
    }

    @Test("a rule that matches is told with its file, its hash and where its strings are, and no others")
    func files() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let rules =
            marker + "import \"elf\"\nrule program { condition: elf.type == elf.ET_DYN or elf.type == elf.ET_EXEC }\n"
        try Program.must(["cp", "/bin/true", "\(tree)/true"])
        let (result, head, rows) = try scan(enforcer, YaraScan(rules: rules, place: .tree(tree)))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(rows.map { $0["rule"]?.text } == ["marked", "program"])
        #expect(rows[0]["path"]?.text == "\(tree)/deep/er/bad" && rows[1]["path"]?.text == "\(tree)/true")
        let sum = try Program.must(["sha256sum", "\(tree)/deep/er/bad"]).prefix(64)
        #expect(rows[0]["sha256"]?.text == String(sum))
        #expect(rows[0]["strings"]?.array?.map { $0["offset"]?.integer } == [2, 19])
        #expect(rows[0]["strings"]?.array?.first?["length"]?.integer == 11)
        #expect(head["whole"]?.flag == true && head["rows"]?.integer == 2)
        #expect(head["summary"]?.text?.hasPrefix("3 files with ") == true, "\(head)")
        #expect(result.proof?.probes.map(\.name) == ["evidence_kept"])
        #expect(try isAlone(enforcer))
        let one = try scan(enforcer, YaraScan(rules: marker, place: .tree("\(tree)/deep/er/bad")))
        #expect(one.rows.count == 1, "a file by itself")
    }

    @Test(
        "pipes, devices, links, secrets, what the owner keeps and large files are not opened, and nobody waits for them"
    )
    func hostileTree() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        try Program.must(["mkfifo", "\(tree)/pipe"])
        try Program.must(["mknod", "\(tree)/zero", "c", "1", "5"])
        try Program.must(["ln", "-s", "../tree", "\(tree)/loop"])
        try lab.scratch.file("outside", "evil-marker\n")
        try Program.must(["ln", "-s", "\(lab.scratch.path)/outside", "\(tree)/away"])
        try lab.scratch.file("tree/patients/list", "evil-marker\n")
        try lab.scratch.file("tree/key", "-----BEGIN OPENSSH PRIVATE KEY-----\nevil-marker\n")
        try Program.must(["sh", "-c", "(echo evil-marker; head -c 3000000 /dev/zero) > '\(tree)/large'"])
        let (result, head, rows) = try scan(
            enforcer, YaraScan(rules: marker, place: .tree(tree), mostFileBytes: 2_000_000))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(rows.map { $0["path"]?.text } == ["\(tree)/deep/er/bad"])
        let summary = try #require(head["summary"]?.text)
        #expect(summary.contains("2 files with ") && summary.contains("1 were larger"), "\(summary)")
        #expect(summary.contains("2 are kept by the host"), "\(summary)")
        let few = try scan(enforcer, YaraScan(rules: marker, place: .tree(tree), mostFiles: 1))
        #expect(few.head["whole"]?.flag == false)
        #expect(few.head["stopped"]?.text == TriageTable.Stop.files.rawValue)
    }

    @Test(
        "rules that look elsewhere, do not compile or do not end are refused, with what is wrong",
        arguments: [
            ("include \"/etc/shadow\"\nrule a { condition: true }", "includes are disabled"),
            ("import \"magic\"\nrule a { condition: magic.type() contains \"x\" }", "the module magic is not among"),
            ("import \"cuckoo\"\nrule a { condition: cuckoo.sync.mutex(/x/) }", "the module cuckoo is not among"),
            ("import \"console\"\nrule a { condition: console.log(\"x\") }", "the module console is not among"),
            ("rule a { condition: nothing }", "undefined identifier"), ("\u{7F}", "line "),
            (
                "rule a { condition: for all i in (0..9999999999999): (uint8(i % 9) >= 0 or true) }",
                "do not come to an end"
            ),
        ])
    func badRules(rules: String, fault: String) throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let (result, _, rows) = try scan(enforcer, YaraScan(rules: rules, place: .tree(tree)))
        #expect(code(result) == "yara.rules" && rows.isEmpty, "\(result.outcome) \(result.message)")
        #expect(result.message.contains(fault), "\(result.message)")
        #expect(try isAlone(enforcer))
        #expect(try enforcer.status().version.isEmpty == false, "the enforcer goes on")
    }

    @Test("a file that takes too long is named, and those after it are looked at")
    func slow() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        try lab.scratch.file("tree/a-slow", "slow-one\n")
        let rules =
            marker
                + """
                rule slow {
                    strings: $s = "slow-one"
                    condition: $s and for all i in (0..9999999999999): (uint8(i % 8) >= 0)
                }
                """
        let (result, head, rows) = try scan(
            enforcer, YaraScan(rules: rules, place: .tree(tree), patience: .seconds(90)))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(rows.map { $0["rule"]?.text } == ["marked"])
        #expect(head["notes"]?.texts?.contains("\(tree)/a-slow: it took too long") == true, "\(head)")
    }

    @Test("a child that is killed is a failed result, and the enforcer's own life goes on")
    func killed() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let children = Mortality(enforcer.program.pid)
        children.begin()
        let rules = "rule slow { condition: filesize > 0 and for all i in (0..9999999999999): (uint8(i % 8) >= 0) }"
        for number in 0..<5 { try lab.scratch.file("tree/f\(number)", "x") }
        let (result, _, _) = try scan(enforcer, YaraScan(rules: rules, place: .tree(tree)))
        children.end()
        #expect(code(result) == "yara.ended", "\(result.outcome) \(result.message)")
        #expect(result.message.contains("by signal 9"), "\(result.message)")
        #expect(try isAlone(enforcer))
        let (good, _, rows) = try scan(enforcer, YaraScan(rules: marker, place: .tree(tree)))
        #expect(good.outcome == .succeeded && rows.count == 1)
    }

    /// Kills whatever child a process has.
    private final class Mortality {
        private let parent: pid_t
        private var program: Program?

        init(_ parent: pid_t) { self.parent = parent }

        func begin() {
            program = try? Program(["sh", "-c", "while :; do pkill -KILL -P \(parent); sleep 0.2; done"])
        }

        func end() { program = nil }
    }

    @Test("the child has no capabilities, no way to open a file, and nothing of the enforcer's")
    func confined() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let rules = "rule slow { condition: filesize > 0 and for all i in (0..9999999999999): (uint8(i % 8) >= 0) }"
        let ground = try MemoryGround(lab)
        let order = fleet.order(
            .yaraScan(YaraScan(rules: rules, place: .tree("\(tree)/plain"), patience: .seconds(60))))
        var status: [Substring: Substring] = [:]
        var files: [String] = []
        let draft = "\(lab.scratch.path)/state/evidence/\(order.id).draft"
        let result = try ground.meanwhile(order, enforcer) {
            let seen = enforcer.becomes {
                guard FileStatus(at: draft) != nil,
                    let pid = (try? Program.run(["pgrep", "-P", "\(enforcer.program.pid)"]).output).flatMap({
                        Int32($0)
                    }),
                    let text = TextFile.text("/proc/\(pid)/status")
                else { return false }
                status = [:]
                for line in text.split(separator: "\n") {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    if parts.count == 2 { status[parts[0]] = parts[1].drop { $0 == "\t" || $0 == " " } }
                }
                files = TextFile.names(in: "/proc/\(pid)/fd").compactMap { TextFile.link("/proc/\(pid)/fd/\($0)") }
                return status["Seccomp"] == "2"
            }
            #expect(seen, "\(status)")
        }
        #expect(status["NoNewPrivs"] == "1" && status["CapPrm"] == "0000000000000000")
        #expect(status["CapEff"] == "0000000000000000" && status["CapAmb"] == "0000000000000000")
        #expect(status["Uid"]?.hasPrefix("65534\t65534") == true, "\(status)")
        #expect(files.allSatisfy { $0 == "/dev/null" || $0.hasPrefix("socket:") || $0 == "\(tree)/plain" }, "\(files)")
        #expect(try result.get().message.contains("1 could not be looked at"), "\(result)")
    }

    @Test("what a process has in its memory is matched, and where")
    func memory() throws {
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let ground = try MemoryGround(lab)
        let keeper = try ground.keeper(megabytes: 40)
        let rules = "rule found { strings: $a = \"marker-in-hidden\" condition: $a }"
        let (result, _, rows) = try scan(
            enforcer, YaraScan(rules: rules, place: .memory(try keeper.target), mostFileBytes: 200 << 20))
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(rows.map { $0["pid"]?.integer } == [Int64(keeper.program.pid)])
        let address = rows.first?["strings"]?.array?.first?["offset"]?.integer
        #expect(address.map { String($0, radix: 16) } == keeper.places["hidden"])
        #expect(keeper.answers("one"), "it never stood still")
        enforcer.kill()
        let usual = try Enrolled(lab.scratch, settings: "yara_program = \"\(Self.program)\"")
        let second = try EnforcerProcess(usual, in: lab.host)
        let refused = try second.execute(
            .yaraScan(YaraScan(rules: rules, place: .memory(try keeper.target))))
        #expect(refused.outcome == .refused(rule: "collect_memory (built-in default of collect_memory)"))
    }

    @Test("a host without the program says what to install; one whose program others may write does not run it")
    func missing() throws {
        let none = try Enrolled(lab.scratch, settings: "yara_program = \"\(lab.scratch.path)/none\"")
        var enforcer = try EnforcerProcess(none, in: lab.host)
        let missing = try enforcer.execute(.yaraScan(YaraScan(rules: marker, place: .tree(tree))))
        #expect(code(missing) == "yara.missing" && missing.message.contains("Install cordon-yara."))
        enforcer.kill()
        try lab.scratch.file("theirs", "#!/bin/sh\n", mode: 0o777)
        let theirs = try Enrolled(lab.scratch, settings: "yara_program = \"\(lab.scratch.path)/theirs\"")
        enforcer = try EnforcerProcess(theirs, in: lab.host)
        #expect(try code(enforcer.execute(.yaraScan(YaraScan(rules: marker, place: .tree(tree))))) == "policy.mode")
        enforcer.kill()
        // One that says what it should not.
        try lab.scratch.file("liar", "#!/bin/sh\necho nonsense >&3\nsleep 1\n", mode: 0o755)
        let liar = try Enrolled(lab.scratch, settings: "yara_program = \"\(lab.scratch.path)/liar\"")
        enforcer = try EnforcerProcess(liar, in: lab.host)
        #expect(try code(enforcer.execute(.yaraScan(YaraScan(rules: marker, place: .tree(tree))))) == "yara.rules")
    }

    @Test(
        "an answer is read strictly",
        arguments: [
            "", "nonsense", "string $a 1 2\nend 0", "rule a b\nend 0", "rule \u{1B}[31m\nend 0",
            "rule a\nstring $a x 2\nend 0",
            "rule a", "end", "more 1\nend 0", "rule a\nend x",
        ])
    func strict(answer: String) throws {
        #expect(throws: EnforceError.self) { try YaraChild.answer(answer.split(separator: "\n")) }
        let good = try YaraChild.answer(["rule a", "string $b 18446744073709551615 3", "more", "end 26"])
        #expect(good.isTimeOver && good.isMore && good.matches.first?.strings.first?.offset == .max)
    }
}
