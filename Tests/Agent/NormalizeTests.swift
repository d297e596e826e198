import CordonScan
import CordonTesting
import SystemPackage
import Testing

@Suite("cordon-agent normalize")
struct NormalizeTests {
    private func write(_ bytes: [UInt8], to path: String) throws -> String {
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
        return path
    }

    @Test(
        "a file with a mark of its encoding is read by it, and bytes that are no UTF-8 are tagged",
        arguments: [[0xFF, 0xFE], [0xFE, 0xFF], [0xEF, 0xBB, 0xBF]] as [[UInt8]])
    func encodings(mark: [UInt8]) throws {
        let scratch = try Scratch()
        // Longer than one read, with a character of two halves in it.
        let line = "Nov 21 06:00:00 web sshd[12]: Failed password for \u{1F600} from 203.0.113.7 port 42 ssh2"
        let text = String(repeating: line + "\r\n", count: 2000)
        let units = text.utf16.flatMap { unit in
            mark[0] == 0xFF
                ? [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
                : [UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit)]
        }
        let file = try write(mark + (mark.count == 3 ? Array(text.utf8) : units), to: scratch.path + "/log")
        let program = Binaries.besideThisProcess + "/cordon-agent"
        let lines = try Command([program, "normalize", "--source", "sshd", file]).must().split(separator: "\n")
        #expect(lines.count == 2000)
        for document in lines {
            let event = try JSONValue.parse(Array(document.utf8))
            #expect(event["event"]?["original"]?.text == line && event["tags"] == nil)
            #expect(event["user"]?["name"] == "\u{1F600}")
        }
        let latin = try write(Array("caf".utf8) + [0xE9, 0x0A], to: scratch.path + "/latin")
        let tagged = try JSONValue.parse(
            Array(try Command([program, "normalize", "--source", "plain", latin]).must().utf8))
        #expect(tagged["tags"]?[0] == "invalid_utf8")
    }

    @Test("an audit log's lines are joined, one document an event, and what is no record is kept")
    func audit() throws {
        let log = """
            type=SYSCALL msg=audit(1626611363.720:7): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=2 uid=0 comm="id" exe="/usr/bin/id"
            type=EXECVE msg=audit(1626611363.720:7): argc=2 a0="id" a1="-u"
            garbage
            type=CWD msg=audit(1626611363.720:7): cwd="/root"

            """
        let program = Binaries.besideThisProcess + "/cordon-agent"
        let output = try Command([program, "normalize", "--source", "audit", "-"], input: log).must()
        let documents = try output.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
        #expect(documents.count == 2)
        #expect(documents.first?["event"]?["original"] == "garbage")
        let event = try #require(documents.last)
        #expect(event["@timestamp"] == "2021-07-18T12:29:23.720000Z")
        #expect(event["process"]?["command_line"] == "id -u" && event["process"]?["working_directory"] == "/root")
        #expect(event["user"]?["id"] == "0" && event["user"]?["name"] == nil, "this host's users are not asked")
    }
}
