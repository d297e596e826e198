import AgentNetlink
import CordonModel
import Synchronization
import Testing

@testable import AgentEnforce

/// Netlink without a kernel: bytes in, bytes out.
@Suite("Netlink")
struct NetlinkTests {
    /// Answers what the test laid in.
    private final class FedSocket: ByteSocket {
        let port: UInt32 = 1
        let sent = Mutex<[[UInt8]]>([])
        let answers: Mutex<[[UInt8]]>

        init(_ answers: [[UInt8]]) { self.answers = Mutex(answers) }

        func send(_ bytes: [UInt8]) throws(NetlinkError) { sent.withLock { $0.append(bytes) } }

        func receive(timeoutMilliseconds: Int32) throws(NetlinkError) -> [UInt8]? {
            // Draining, before anything was sent, finds nothing.
            guard sent.withLock({ !$0.isEmpty }) else { return nil }
            return answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    private func error(_ number: Int32, sequence: UInt32) -> [UInt8] {
        var payload: [UInt8] = []
        payload.append(host: UInt32(bitPattern: -number))
        payload += [UInt8](repeating: 0, count: 16)
        var bytes: [UInt8] = []
        NetlinkMessage(type: 2, flags: 0x100, sequence: sequence, payload: payload).append(to: &bytes)
        return bytes
    }

    @Test("a transaction that the kernel acknowledges succeeds, and one that it refuses throws its number")
    func acknowledgement() throws {
        let messages = [NetlinkMessage(type: 1, flags: 1), NetlinkMessage(type: 2, flags: 1)]
        var channel = NetlinkChannel(FedSocket([error(0, sequence: 2)]))
        #expect(throws: Never.self) { try channel.perform(messages, acknowledgeLast: 1) }
        var refused = NetlinkChannel(FedSocket([error(17, sequence: 1), error(0, sequence: 2)]))
        #expect(throws: NetlinkError(17)) { try refused.perform(messages, acknowledgeLast: 1) }
        var silent = NetlinkChannel(FedSocket([]))
        #expect(throws: NetlinkError.self) { try silent.perform(messages, acknowledgeLast: 1) }
    }

    @Test("malformed bytes end the reading and never trap", arguments: 0..<200)
    func malformed(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let bytes = (0..<Int(seed)).map { _ -> UInt8 in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state) & (seed.isMultiple(of: 2) ? 0xFF : 0x1F)
        }
        for message in NetlinkMessage.parse(bytes) {
            for attribute in Attribute.parse(message.payload) {
                #expect(attribute.nested.count <= attribute.value.count / 4)
            }
        }
        #expect(NetlinkMessage.parse(bytes).count <= bytes.count / 16)
        _ = SocketDiagnostics.read(bytes)
        _ = ConnectionTracking.read(NetlinkMessage(type: 0, flags: 0, payload: bytes))
    }

    @Test("attributes are read as they were written")
    func attributes() {
        var writer = AttributeWriter()
        writer.put(1, text: "name")
        writer.nest(2) { $0.put(3, big: UInt32(7)) }
        writer.put(4, big: UInt64(1) << 40)
        let read = Attribute.parse(writer.bytes)
        #expect(read[type: 1]?.text == "name")
        #expect(read[type: 2]?.nested[type: 3]?.big == 7)
        #expect(read[type: 4]?.big == 1 << 40)
    }

    @Test("networks in networks become disjoint intervals, each with the longest time over it")
    func union() throws {
        let networks: [(String, UInt64)] = [
            ("10.0.0.0/8", 5), ("10.1.0.0/16", 9), ("10.1.1.0/24", 2), ("10.200.0.0/16", 3), ("192.0.2.0/24", 7),
        ]
        let result = IntervalUnion.disjoint(try networks.map { (try #require(Network($0.0)), $0.1) })
        let expected: [(String, String, UInt64)] = [
            ("10.0.0.0", "10.0.255.255", 5), ("10.1.0.0", "10.1.255.255", 9), ("10.2.0.0", "10.255.255.255", 5),
            ("192.0.2.0", "192.0.2.255", 7),
        ]
        #expect(
            result
                == (try expected.map {
                    .init(first: try #require(IPAddress($0.0)), last: try #require(IPAddress($0.1)), milliseconds: $0.2)
                }))
        let whole = IntervalUnion.disjoint([(try #require(Network("ffff::/16")), 1)])
        #expect(whole.count == 1 && whole[0].last.next == nil)
        #expect(IntervalUnion.disjoint([]).isEmpty)
    }

    @Test(
        "patterns of paths match whole paths",
        arguments: [
            ("/usr/sbin/*", "/usr/sbin/sshd", true), ("*/x-?", "/a/b/x-1", true), ("sshd", "sshd", true),
            ("sshd", "sshd2", false),
            ("*a*a*a*a*b", String(repeating: "a", count: 200), false), ("", "", true), ("*", "", true),
        ])
    func globs(_ pattern: String, _ text: String, _ matches: Bool) { #expect(Glob.matches(pattern, text) == matches) }

    @Test("a process whose name holds parentheses and spaces is read right")
    func stat() throws {
        let line = "42 (a) b) (c) S 7 41 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0 18446744073709551615"
        let parsed = try #require(RunningProcess.parse(stat: Array(line.utf8)))
        #expect(parsed.state == "S" && parsed.parent == 7 && parsed.session == 42 && parsed.startTime == 98_765)
    }
}
