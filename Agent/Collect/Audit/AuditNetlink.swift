internal import CLinux
package import CordonModel
package import CordonScan
internal import Logging

/// Reads audit records from the kernel's multicast group (AUDIT_NLGRP_READLOG): any number may read it, beside auditd or
/// without. It needs CAP_AUDIT_READ. Nothing is asked of the audit subsystem and no rule is changed; the group is best
/// effort, and what the kernel had to drop is reported as a gap.
package actor AuditNetlink: Source {
    package nonisolated let id = "kernel"
    private let surroundings: Surroundings
    private nonisolated let thread = SourceThread(name: "cordon-audit")
    private let logger = Logger(label: "cordon.collect.audit")

    private static let protocolNumber: Int32 = 9
    private static let readLogGroup: Int32 = 1
    private static let bufferBytes: Int32 = 8 << 20
    private static let batchLimit = 512

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    package init(surroundings: Surroundings) { self.surroundings = surroundings }

    /// Whether this process may read the group.
    package static var isPermitted: Bool {
        guard let socket = try? opened() else { return false }
        clinux_close(socket)
        return true
    }

    private static func opened() throws(CollectError) -> Int32 {
        let socket = clinux_netlink_open(protocolNumber, bufferBytes)
        let joined = socket < 0 ? socket : clinux_netlink_join(socket, readLogGroup)
        guard joined >= 0 else {
            if socket >= 0 { clinux_close(socket) }
            throw CollectError(
                "no_audit", "Cannot read the kernel's audit records (error \(-joined)).",
                remedy: "Give the agent CAP_AUDIT_READ, or let it read /var/log/audit/audit.log.")
        }
        return socket
    }

    package func run(
        from position: JSONValue?, deliver: @Sendable (SourceBatch) async throws -> Void
    ) async throws {
        let socket = try Self.opened()
        defer { clinux_close(socket) }
        var gaps = [
            Gap(
                source: "audit:kernel", noticedAt: surroundings.now(),
                message: "Audit records are read from now on; the kernel keeps none from before.")
        ]
        if position == nil { gaps = [] }
        while !Task.isCancelled {
            let (records, lost) = batch(socket)
            if lost {
                let message = "The kernel sent more audit records than were read, and dropped some."
                logger.warning("\(message)")
                gaps.append(Gap(source: "audit:kernel", noticedAt: surroundings.now(), message: message))
            }
            guard !records.isEmpty || !gaps.isEmpty else { continue }
            try await deliver(SourceBatch(records: records, gaps: gaps, position: ["since": "boot"]))
            gaps = []
        }
    }

    /// What is there, after waiting half a second at most; whether the kernel had to drop some.
    private func batch(_ socket: Int32) -> (records: [Record], lost: Bool) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var records: [Record] = []
        while records.count < Self.batchLimit {
            let count = unsafe clinux_netlink_receive(socket, &buffer, buffer.count, records.isEmpty ? 500 : 0)
            if count == -105 { return (records, true) }
            guard count > 0 else { break }
            if let line = Self.line(buffer[..<min(Int(count), buffer.count)]) { records.append(Record(text: line)) }
        }
        return (records, false)
    }

    /// The line that auditd would write of a netlink message (RFC 3549 §2.3.2: length, type, flags, sequence, port).
    /// The audit subsystem's messages say a length without the header, so the datagram's own end counts.
    static func line(_ message: ArraySlice<UInt8>) -> [UInt8]? {
        guard message.count > 16 else { return nil }
        let start = message.startIndex
        let type = Int(message[start + 4]) | Int(message[start + 5]) << 8
        var body = message[(start + 16)...]
        while let last = body.last, last == 0 || last == 0x0A { body.removeLast() }
        guard type >= 1000, !body.isEmpty else { return nil }
        return Array("type=\(AuditRecordTypes.name(type)) msg=".utf8) + body
    }
}
