import CLinux
import CordonModel
import CordonScan
import Glibc
import Testing

@testable import AgentCollect

/// Lets the kernel write audit records, as programs that decide on access do: no rule is set, nothing stays.
private enum KernelAudit {
    private static let protocolNumber: Int32 = 9
    private static let userAVC: UInt16 = 1107

    /// Why the kernel's records cannot be read here; `nil` when they can.
    static let obstacle: String? = {
        guard AuditNetlink.isPermitted else { return "the kernel's audit may not be read here (CAP_AUDIT_READ)" }
        let listening = clinux_netlink_open(protocolNumber, 1 << 20)
        defer { clinux_close(listening) }
        guard listening >= 0, clinux_netlink_join(listening, 1) == 0 else {
            return "the kernel's audit cannot be joined"
        }
        let answer = write("cordon: is there an audit here?")
        guard answer == 0 else { return "no audit record can be written here (error \(-answer))" }
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        // Records go to the first network namespace only.
        let count = unsafe clinux_netlink_receive(listening, &buffer, buffer.count, 2000)
        return count > 0 ? nil : "the kernel's audit records do not reach this network namespace"
    }()

    /// Sends a message to the audit subsystem, which makes a USER_AVC record of it; 0, or a negated errno.
    static func write(_ text: String) -> Int32 {
        let socket = clinux_netlink_open(protocolNumber, 1 << 16)
        guard socket >= 0 else { return socket }
        defer { clinux_close(socket) }
        let message = message(type: userAVC, flags: 5, Array(text.utf8) + [0])
        let sent = unsafe clinux_netlink_send(socket, message, message.count)
        guard sent >= 0 else { return Int32(sent) }
        var answer = [UInt8](repeating: 0, count: 512)
        let count = unsafe clinux_netlink_receive(socket, &answer, answer.count, 2000)
        guard count >= 20 else { return count < 0 ? Int32(count) : -EPROTO }
        return answer[16..<20].enumerated().reduce(0) { $0 | Int32(bitPattern: UInt32($1.element) << ($1.offset * 8)) }
    }

    /// RFC 3549 §2.3.2: length, type, flags, sequence, port.
    static func message(type: UInt16, flags: UInt16 = 0, _ body: [UInt8]) -> [UInt8] {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
            unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
        }
        return bytes(UInt32(16 + body.count)) + bytes(type) + bytes(flags) + bytes(UInt32(1)) + bytes(UInt32(0)) + body
    }
}

@Suite("Audit records from the kernel")
struct AuditNetlinkTests {
    @Test(
        "what the kernel writes is read as auditd would write it, and becomes an event; the time before is a gap",
        .enabled(if: KernelAudit.obstacle == nil, Comment(rawValue: KernelAudit.obstacle ?? "")),
        .timeLimit(.minutes(1)))
    func kernel() async throws {
        let source = AuditSource(
            lines: AuditNetlink(surroundings: surroundings),
            reading: AuditReading(users: UserNames(folder: nil), processes: ProcessTable(readsProc: false)),
            surroundings: surroundings)
        #expect(source.id == "audit:kernel")
        let marker = "cordon-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let deliveries = Deliveries()
        let position: JSONValue = ["lines": ["since": "boot"], "waiting": []]
        try await following(source, from: position, into: deliveries) {
            // It says that it listens from now on.
            await deliveries.wait(for: 1)
            #expect(KernelAudit.write("avc:  denied  { \(marker) } for pid=1") == 0)
            // Others may write too.
            var seen = 1
            while await !deliveries.lines.contains(where: { $0.contains(marker) }), !Task.isCancelled {
                await deliveries.wait(for: seen + 1)
                seen = await deliveries.records.count + deliveries.gaps.count
            }
        }
        let gap = try #require(await deliveries.gaps.first)
        #expect(gap.source == "audit:kernel" && gap.message.contains("from now on"))
        let records = await deliveries.records
        let record = try #require(records.first { String(decoding: $0.text, as: UTF8.self).contains(marker) })
        #expect(record.text.starts(with: "type=USER_AVC msg=audit(".utf8))
        let event = Normalizer().normalize(record, now: surroundings.now())
        #expect(event.text(.eventCode) == "USER_AVC")
        #expect(event.number(.processPID) == Int64(getpid()))
        #expect(event.timestamp > Timestamp(seconds: 1_600_000_000), "by the kernel's clock")
        let lines = try #require(await deliveries.position?["lines"])
        #expect(lines == ["since": "boot"])
    }

    @Test("a message is read to its datagram's end, whatever length it says; what is no record is passed over")
    func messages() {
        func line(_ type: UInt16, _ body: String) -> String? {
            AuditNetlink.line(KernelAudit.message(type: type, Array(body.utf8))[...])
                .map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(line(1300, "audit(1.000:2): arch=c000003e\n\0") == "type=SYSCALL msg=audit(1.000:2): arch=c000003e")
        #expect(line(2, "an acknowledgement") == nil)
        #expect(line(1300, "") == nil && line(1300, "\0\0") == nil)
        #expect(AuditNetlink.line([1, 2, 3]) == nil)
        // As the kernel writes it: the length without its header.
        var short = KernelAudit.message(type: 1300, Array("audit(1.000:2): a=1".utf8))
        short[0] -= 16
        #expect(AuditNetlink.line(short[...]) == Array("type=SYSCALL msg=audit(1.000:2): a=1".utf8))
    }
}
