import AgentHunt
import CordonModel
import CordonWire
import Foundation
import Logging
import Testing

@Suite("The agent's answers to hunts")
struct HunterTests {
    private let hunter = Hunter(logger: Logger(label: "test"))
    private let id = HuntID(bytes: (0..<16).map { UInt8($0) })

    /// The rows of a whole answer, and how it ended.
    private func ask(
        _ kind: HuntKind, _ parameters: [String: String] = [:], budget: HuntBudget = HuntBudget(),
        expiresAt: Timestamp = Timestamp(seconds: 2000)
    ) async throws -> (rows: [[String: String]], end: HuntHostState?, message: String) {
        let id = try #require(id)
        let (answers, mouth) = AsyncStream.makeStream(of: Cordon_V1_HuntAnswer.self)
        let question = Cordon_V1_HuntQuestion(
            HuntQuestion(kind: kind, parameters: parameters), of: id, budget: budget, expiresAt: expiresAt)
        hunter.ask(question, now: { Timestamp(seconds: 1000) }, say: { mouth.yield($0) })
        var rows: [[String: String]] = []
        for await answer in answers {
            #expect(answer.id == id && Int(answer.firstRow) == rows.count)
            rows += answer.rows.map(\.values)
            if let end = answer.state { return (rows, end, answer.message) }
        }
        return (rows, nil, "")
    }

    @Test("spots of persistence are found by their paths, written out or with wildcards")
    func persistencePaths() async throws {
        let all = try await ask(.persistence, budget: HuntBudget(rows: 10_000, cpuPercent: 100)).rows.compactMap {
            $0["path"]
        }
        let one = try #require(all.first { $0.hasPrefix("/etc/cron.") })
        let folder = one.prefix(through: try #require(one.lastIndex(of: "/")))
        #expect(try await ask(.persistence, ["path": one]).rows.compactMap { $0["path"] } == [one])
        let some = try await ask(.persistence, ["path": folder + "*"]).rows.compactMap { $0["path"] }
        #expect(some.contains(one) && some.allSatisfy { $0.hasPrefix(folder) })
    }

    @Test("a process is found by its name and its number")
    func process() async throws {
        let answer = try await ask(.process, ["command_line": "*xctest*"])
        #expect(answer.end == .done)
        let own = answer.rows.first { $0["pid"] == "\(getpid())" }
        #expect(own?["start_time"].flatMap { UInt64($0) } != nil)
        #expect(own?["executable"]?.hasPrefix("/") == true && own?["user"]?.isEmpty == false)
        let none = try await ask(.process, ["name": "no-such-process"])
        #expect(none.rows.isEmpty && none.end == .done)
    }

    @Test("accounts are found, with their groups")
    func users() async throws {
        let answer = try await ask(.user, ["name": "ROOT"])
        #expect(answer.rows.map { $0["uid"] } == ["0"] && answer.end == .done)
    }

    @Test("a listening socket is found by port and address")
    func sockets() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(listener, raw, length) == 0 && listen(listener, 1) == 0
                    && getsockname(listener, raw, &length) == 0
            }
        }
        #expect(bound)
        let port = "\(UInt16(bigEndian: address.sin_port))"
        let answer = try await ask(.socket, ["port": port, "address": "127.0.0.0/8", "state": "listen"])
        #expect(answer.rows.map { $0["local_address"] } == ["127.0.0.1"])
        #expect(answer.rows.first?["local_port"] == port)
    }

    @Test("files are found by path and by hash; links, pipes and what the kernel answers are not read")
    func files() async throws {
        let folder = NSTemporaryDirectory() + "cordon-hunt-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("abc".utf8).write(to: URL(filePath: folder + "/a/one.txt"))
        try Data("other".utf8).write(to: URL(filePath: folder + "/a/two.txt"))
        try FileManager.default.createSymbolicLink(atPath: folder + "/a/link.txt", withDestinationPath: "/etc/passwd")
        unsafe mkfifo(folder + "/a/pipe.txt", 0o600)
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let all = try await ask(.file, ["path": folder + "/*/*.TXT"])
        #expect(all.rows.map { $0["path"] } == [folder + "/a/one.txt", folder + "/a/two.txt"])
        let one = try await ask(.file, ["path": folder + "/a/*", "sha256": hash.uppercased()])
        #expect(one.rows.map { $0["path"] } == [folder + "/a/one.txt"] && one.rows.first?["sha256"] == hash)
        #expect(try await ask(.file, ["path": "/proc/*/cmdline"]).rows.isEmpty)
        #expect(try await ask(.file, ["path": "/proc/self/cmdline"]).rows.isEmpty)
    }

    @Test("an answer ends at the budget, and says so")
    func budget() async throws {
        let rows = try await ask(.process, budget: HuntBudget(rows: 2))
        #expect(rows.rows.count == 2 && rows.end == .truncated)
        let bytes = try await ask(.user, budget: HuntBudget(bytes: 1024))
        #expect(!bytes.rows.isEmpty && bytes.end == .truncated)
    }

    @Test("what cannot be asked is refused in words")
    func refused() async throws {
        #expect(try await ask(.journal).end == .unsupported)
        #expect(try await ask(.user, ["colour": "red"]).end == .unsupported)
        #expect(try await ask(.user, expiresAt: Timestamp(seconds: 1)).end == .failed)
    }

    @Test("packages and places to start from are looked at")
    func places() async throws {
        #expect(try await ask(.persistence, ["path": "/etc/profile"]).end == .done)
        let packages = try await ask(.package, ["name": "libc6"])
        #expect(packages.end == .done || packages.end == .failed)
        if packages.end == .done { #expect(packages.rows.allSatisfy { $0["name"] == "libc6" }) }
    }
}
