import CordonModel
import CordonScan
import Glibc
import SystemPackage
import Testing

@testable import AgentCollect

/// Elastic's go-libaudit: logs of real hosts with what it makes of them (Apache-2.0).
private enum Corpus {
    static let folder: String = {
        let corpora = unsafe getenv("CORDON_CORPORA").map { unsafe String(cString: $0) }
        // Beside the checkout, as CordonTesting looks for them.
        let checkout = (0..<4).reduce(FilePath(#filePath)) { path, _ in path.removingLastComponent() }
        let beside = checkout.removingLastComponent().appending("shared").appending("corpora").string
        return (corpora ?? beside) + "/go-libaudit"
    }()

    static var isThere: Bool { unsafe access(folder, R_OK) == 0 }

    static let names = [
        "random-internet", "rhel-7-linux-3.10.0", "ubuntu-16.04-linux-4.13.0", "ubuntu-16.10-linux-4.8.0",
        "ubuntu-17.04-linux-4.10.0", "ubuntu-20.04.6-linux-5.15.0-1034-gcp", "ubuntu-21.10-linux-5.13",
        "ubuntu-24.04-linux-6.8.0",
    ]

    static func lines(_ path: String) -> [[UInt8]] {
        (SmallFile.read(folder + "/" + path, limit: 4 << 20) ?? []).split(separator: 0x0A).map { Array($0) }
    }

    /// The log lines of each test of a YAML file: a name at two blanks, lines behind it.
    static func cases(_ name: String) -> [[[UInt8]]] {
        var cases: [[[UInt8]]] = []
        for line in lines("aucoalesce/testdata/\(name).yaml") {
            let text = line[...].trimmed
            if text.hasPrefix("type=") {
                if !cases.isEmpty { cases[cases.count - 1].append(Array(text)) }
            } else if line.starts(with: "  ".utf8), line.count > 2, line[2] != 0x20, line[2] != UInt8(ascii: "#") {
                cases.append([])
                // A short test stands behind its name.
                if let range = text.firstRange(of: "type=") {
                    cases[cases.count - 1].append(Array(text[range.lowerBound...]))
                }
            }
        }
        return cases
    }

    static func golden(_ path: String) throws -> [JSONValue] {
        let bytes = SmallFile.read(folder + "/" + path, limit: 8 << 20) ?? []
        return try JSONValue.parse(bytes, limits: .init(bytes: 8 << 20, nodes: 1_000_000)).array ?? []
    }
}

/// One compared value.
private struct Comparison {
    var test: String
    var field: String
    var theirs: String
    var ours: String
    var agrees: Bool { theirs == ours }
}

@Suite("Audit beside go-libaudit", .enabled(if: Corpus.isThere, "the corpora are not there (CORDON_CORPORA)"))
struct GoLibauditCorpusTests {
    /// Fields in which we differ on purpose, and why.
    private static let reasons: [String: String] = [
        "outcome": "a connection being made (EINPROGRESS) has not failed; without a word of it, it is unknown",
        "file.path": "an execution's file is process.executable; of mknod it is the node, not the folder around it",
        "keys":
            "a key that itself starts with key= is kept whole; (null) is no key, also where 0x1D was lost behind it",
        "process.executable": "` (deleted)` is left out, so that rules on paths hold; auditd.records has it",
        "file.inode": "as file.path", "file.mode": "as file.path", "file.uid": "as file.path",
        "action": "calls without an action of theirs have none here either, or have a name",
        "category": "ECS forbids nothing here: see event.type",
        "type": "a file violation has the call's type there; here the record's",
        "process.args": "go-libaudit keeps encoded arguments as they are",
        "user.effective.name": "theirs is a word for an unset user",
        "process.name": "user-space programs are named by their path's end here",
    ]

    private func compare(_ name: String) throws -> [Comparison] {
        let golden = try Corpus.golden("aucoalesce/testdata/\(name).json.golden")
        let reading = AuditReading(users: UserNames(folder: nil), processes: ProcessTable(readsProc: false))
        var events: [String: EventFields] = [:]
        for lines in Corpus.cases(name) {
            let records = reading.records(ofLines: lines)
            #expect(records.count == 1 || lines.isEmpty, "\(name): \(records.count) events of \(lines.count) lines")
            for record in records {
                let event = Normalizer().normalize(record, now: Timestamp(seconds: 1_790_000_000))
                events["\(event.timestamp.milliseconds):\(event.number(.eventSequence) ?? -1)"] = event.fields
            }
        }
        return golden.flatMap { item -> [Comparison] in
            guard let test = item["test_name"]?.text, let event = item["event"],
                let time = event["@timestamp"]?.text.flatMap({ Timestamp(rfc3339: $0) })
            else { return [] }
            let key = "\(time.milliseconds):\(event["sequence"]?.integer ?? -1)"
            guard let fields = events[key] else {
                return [Comparison(test: test, field: "event", theirs: key, ours: "missing")]
            }
            return Self.pairs(event, fields).map { Comparison(test: test, field: $0, theirs: $1, ours: $2) }
        }
    }

    private static func text(_ value: FieldValue?) -> String {
        switch value {
        case .text(let text): text
        case .number(let number): String(number)
        case .texts(let texts): texts.joined(separator: "|")
        case .flag(let flag): String(flag)
        case nil: "-"
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        value?.texts?.joined(separator: "|") ?? value?.text ?? value?.integer.map { String($0) }
    }

    /// Every value that they have and that the schema has a place for.
    private static func pairs(_ event: JSONValue, _ fields: EventFields) -> [(String, String, String)] {
        var pairs: [(String, String, String)] = []
        func add(_ name: String, _ theirs: JSONValue?, _ field: ECSField, _ change: (String) -> String = { $0 }) {
            guard let theirs = text(theirs), theirs != "unset" else { return }
            pairs.append((name, change(theirs), text(fields[field])))
        }
        let (process, ids) = (event["process"], event["user"]?["ids"])
        add("outcome", event["result"], .eventOutcome) { $0 == "fail" ? "failure" : $0 }
        add("session", event["session"], .auditSession)
        add("keys", event["tags"], .auditKeys)
        add("action", event["summary"]?["action"], .eventAction)
        add("category", event["ecs"]?["event"]?["category"], .eventCategory)
        add("type", event["ecs"]?["event"]?["type"], .eventType)
        add("auid", ids?["auid"], .auditLoginID)
        add("user.effective.id", ids?["euid"], .userEffectiveID)
        add("user.group.id", ids?["gid"], .userGroupID)
        add("user.effective.name", event["ecs"]?["user"]?["effective"]?["name"], .userEffectiveName)
        add("user.target.name", event["ecs"]?["user"]?["target"]?["name"], .userTargetName)
        add("process.pid", process?["pid"], .processPID)
        add("process.parent.pid", process?["ppid"], .processParentPID)
        add("process.name", process?["name"], .processName)
        add("process.executable", process?["exe"], .processExecutable)
        add("process.title", process?["title"], .processTitle)
        add("process.working_directory", process?["cwd"], .processWorkingDirectory)
        add("process.args", process?["args"], .processArguments)
        add("source.ip", event["source"]?["ip"], .sourceIP)
        add("source.port", event["source"]?["port"], .sourcePort)
        add("destination.ip", event["destination"]?["ip"], .destinationIP)
        add("destination.port", event["destination"]?["port"], .destinationPort)
        add("network.direction", event["network"]?["direction"], .networkDirection)
        add("file.path", event["file"]?["path"], .filePath)
        add("file.inode", event["file"]?["inode"], .fileInode)
        add("file.mode", event["file"]?["mode"], .fileMode)
        add("file.uid", event["file"]?["uid"], .fileUID)
        add("arch", event["data"]?["arch"], .auditArchitecture)
        add("syscall", event["data"]?["syscall"], .auditSyscall)
        add("exit", event["data"]?["exit"], .auditExit)
        add("tty", event["data"]?["tty"], .processTTY) { $0 == "(none)" ? "-" : $0 }
        return pairs
    }

    @Test("joined events agree with go-libaudit's, field by field, but where it is said why")
    func events() throws {
        let all = try Corpus.names.flatMap { try compare($0) }
        #expect(all.count > 500)
        var table = ""
        for field in Set(all.map(\.field)).sorted() {
            let rows = all.filter { $0.field == field }
            let differing = rows.filter { !$0.agrees }
            let padded = field + String(repeating: " ", count: max(1, 28 - field.count))
            table += "\(padded)agree \(rows.count - differing.count), differ \(differing.count)"
            table += differing.isEmpty ? "\n" : " – \(Self.reasons[field] ?? "?")\n"
            for row in differing { table += "    \(row.test): theirs \(row.theirs), ours \(row.ours)\n" }
            #expect(differing.isEmpty || Self.reasons[field] != nil, "\(field): \(differing)")
        }
        print(table)
        let agreed = all.filter(\.agrees).count
        print("joined events: \(agreed) of \(all.count) values agree")
        #expect(agreed * 100 >= all.count * 94)
    }

    @Test(
        "single records agree with go-libaudit's in every value that both leave uninterpreted",
        arguments: ["audit-rhel6.log", "audit-rhel7.log", "audit-ubuntu16.log"])
    func records(log: String) throws {
        let golden = try Corpus.golden("auparse/testdata/\(log).golden")
        var records: [Int64: [AuditRecord]] = [:]
        for line in Corpus.lines("auparse/testdata/\(log)") {
            guard let record = AuditRecord(line: line) else {
                // One line of the corpus is no record, in their eyes too; it is kept as it is.
                #expect(line == Array("type=UNKNOWN[1329] msg=?".utf8))
                continue
            }
            records[record.key.serial, default: []].append(record)
        }
        let names = [
            "acct", "addr", "auid", "cmd", "comm", "cwd", "exe", "hostname", "item", "name", "op", "pid", "ppid",
            "terminal", "tty", "uid", "unit",
        ]
        var (agreed, differing) = (0, [String]())
        for item in golden {
            guard let type = item["record_type"]?.text, let serial = item["sequence"]?.integer else { continue }
            let record = records[serial]?.first { $0.type.lowercased() == type }
            let known = try #require(record, "\(type) \(serial)")
            for name in names {
                guard let theirs = item["data"]?[name]?.text, theirs != "unset", theirs != "(none)" else { continue }
                if known.text(name) == theirs {
                    agreed += 1
                } else {
                    differing.append("\(type) \(serial) \(name): theirs \(theirs), ours \(known.text(name) ?? "-")")
                }
            }
        }
        print("\(log): \(agreed) values agree, \(differing.count) differ", differing.joined(separator: "\n    "))
        #expect(agreed >= 10)
        #expect(differing.count * 20 <= agreed)
    }

    @Test(
        "no line is dropped, whatever the order",
        arguments: ["lost_messages.log", "normal.log", "out_of_order.log", "rollover.log"])
    func order(log: String) throws {
        let lines = Corpus.lines("testdata/\(log)")
        let reading = AuditReading(users: UserNames(folder: nil), processes: ProcessTable(readsProc: false))
        let records = reading.records(ofLines: lines)
        let kept = records.flatMap { $0.text.split(separator: 0x0A).map { Array($0) } }
        #expect(kept.count == lines.count)
        #expect(Set(kept) == Set(lines))
        let keys = Set(lines.compactMap { AuditRecord(line: $0)?.key })
        #expect(records.count == keys.count, "one event for each serial")
    }
}
