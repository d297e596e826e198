import CordonScan
import CordonTesting
import Testing

@Suite("cordon-agent normalize")
struct NormalizeTests {
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
