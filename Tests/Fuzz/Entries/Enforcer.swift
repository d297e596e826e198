import AgentNetlink
import CordonModel
import CordonOrders
import CordonTesting
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf

@testable import AgentEnforce

/// What comes to the enforcer: from the agent, from the kernel, from its own disk.
extension FuzzEntry {
    static let enforcer: [FuzzEntry] = [
        FuzzEntry(name: "order", made: try orderSeeds() + [genuine().serializedBytes()]) { bytes in
            // As it came: genuine bytes alone are taken.
            if let signed = try? Cordon_V1_SignedOrder(serializedBytes: bytes), let order = try? verifier().open(signed)
            {
                try same(signed.order, genuine().order, "only what was signed is opened: \(order)")
            }
            // The same bytes, signed: whatever the controller may have signed is told from an order without a trap.
            let signed = try sign(bytes)
            if let order = try? verifier().open(signed) {
                _ = try? verifier().checkTime(of: order, at: now)
                try hold(order.agent == agent && order.fleet == "acme.example", "only orders for this host are opened")
            }
        },
        FuzzEntry(name: "approval", made: try approvalSeeds()) { bytes in
            // Any approval, of an order that a passkey's owner has approved once: that one alone counts.
            guard let approval = try? Cordon_V1_Approval(serializedBytes: bytes) else { return }
            var signed = try genuine()
            signed.approvals = [approval]
            let people = [Approver(person: "ann", .passkey(try holder.get().passkey))]
            guard let counted = try? Approvals(of: signed, by: people, at: now), !counted.people.isEmpty else { return }
            let made = try holder.get().approval(of: [UInt8](signed.order))
            try same(approval.model.assertion, made.assertion, "only what it signed counts")
        },
        FuzzEntry(name: "key-set", made: try keySetSeeds()) { bytes in
            guard let set = try? Cordon_V1_OrderKeySet(serializedBytes: bytes), let list = try? set.approverList()
            else {
                return
            }
            try same(list.map { Cordon_V1_Approver($0) }.count, set.approvers.count, "every entry is one approver")
            for (entry, approver) in zip(set.approvers, list) {
                var plain = entry
                plain.unknownFields = .init()
                try same(Cordon_V1_Approver(approver), plain, "an entry is written as it was read")
                guard let passkey = approver.passkey else { continue }
                try same(try Passkey(line: passkey.line), passkey, "a passkey's line is read as the same")
            }
        },
        FuzzEntry(name: "enforcer-frames") { bytes in
            guard bytes.count <= 32_768 else { return }
            var ends: [Int32] = [0, 0]
            try hold(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0, "there is a socket")
            unsafe _ = send(ends[1], bytes, bytes.count, 0)
            close(ends[1])
            let stream = FrameStream(ends[0])
            var taken = 0
            while let frame = try? stream.read() {
                try same(frame, Array(bytes[(taken + 4)..<(taken + 4 + frame.count)]), "a frame is what was sent")
                taken += 4 + frame.count
                _ = try? Cordon_V1_EnforcerRequest(serializedBytes: frame)
            }
            try hold(taken <= bytes.count, "no more is read than was sent")
        },
        FuzzEntry(name: "enforcer-journal", made: journalSeeds()) { bytes in
            guard let record = JournalRecord(bytes: bytes[...]) else { return }
            let written = record.bytes
            try same(JournalRecord(bytes: written[...])?.bytes, written, "a record is read as it was written")
        },
        FuzzEntry(name: "netlink", made: netlinkSeeds()) { bytes in
            let messages = NetlinkMessage.parse(bytes)
            var written: [UInt8] = []
            for message in messages { message.append(to: &written) }
            try same(NetlinkMessage.parse(written), messages, "messages are read as they were written")
            for message in messages {
                _ = ConnectionTracking.read(message)
                _ = SocketDiagnostics.read(message.payload)
                try check(Attribute.parse(message.payload.dropFirst(4)), 0)
            }
            var table = LinkTable(socket: FedSocket(bytes: bytes))
            _ = try? table.interfaces()
            _ = try? table.addresses()
            _ = try? table.gateways()
        },
    ]

    private static func check(_ attributes: [Attribute], _ depth: Int) throws {
        guard depth < 4 else { return }
        var writer = AttributeWriter()
        for attribute in attributes { writer.put(attribute.type, attribute.value) }
        try same(Attribute.parse(writer.bytes), attributes, "attributes are read as they were written")
        for attribute in attributes {
            _ = (attribute.text, attribute.big, attribute.host)
            try check(attribute.nested, depth + 1)
        }
    }

    /// Answers every request with the same datagram, once, and ends the list.
    private struct FedSocket: ByteSocket {
        let bytes: [UInt8]
        let port: UInt32 = 1

        func send(_ bytes: [UInt8]) throws(NetlinkError) {}

        func receive(timeoutMilliseconds: Int32) throws(NetlinkError) -> [UInt8]? {
            guard timeoutMilliseconds != 0 else { return nil }
            guard bytes.isEmpty else { throw NetlinkError(5) }
            return nil
        }
    }

    private static func netlinkSeeds() -> [[UInt8]] {
        let rule = NFT.newTable(.inet, "cordon", flags: 2)
        let chain = NFT.newChain(.inet, table: "cordon", "in", hook: .input, priority: 0, policy: .drop)
        var bytes: [UInt8] = []
        for message in NFT.batch([rule, chain]) { message.append(to: &bytes) }
        var diagnostics: [UInt8] = []
        NetlinkMessage(type: 20, flags: 0, payload: [2, 1] + [UInt8](repeating: 1, count: 70)).append(to: &diagnostics)
        return [bytes, diagnostics]
    }

    private static func journalSeeds() -> [[UInt8]] {
        let network = Network(IPAddress.v4(0xC000_0201))
        let term = Term(start: now, duration: .seconds(60), boot: "b", startSinceBoot: 5)
        let order = OrderID(agent.uuid)
        let records: [JournalRecord] = [
            .received(
                JournalRecord.Receipt(
                    order: order, digest: [1, 2], kind: .release, at: now, expiresAt: now, counts: true)),
            .finished(order, result: [1, 2, 3]), .isolated(order: order, issuedAt: now, term: term, lost: nil),
            .released(why: "x"),
            .blocked([AddressBlock(network: network, duration: .seconds(1))], start: term), .unblocked(network),
        ]
        return records.map(\.bytes)
    }

    // MARK: - Approvals

    private static let holder = Result { try SoftAuthenticator(secret: [UInt8](repeating: 9, count: 32)) }

    private static func approvalSeeds() throws -> [[UInt8]] {
        let order = [UInt8](try genuine().order)
        let approvals = [try holder.get().approval(of: order), try Approval(of: order, with: try key())]
        return try approvals.map { try Cordon_V1_Approval($0).serializedBytes() }
    }

    private static func keySetSeeds() throws -> [[UInt8]] {
        var set = Cordon_V1_OrderKeySet()
        set.approvers = [
            Cordon_V1_Approver(Approver(person: "ann", .passkey(try holder.get().passkey))),
            Cordon_V1_Approver(Approver(person: "ann", key: try key().verifyingKey, expiresAt: now)),
        ]
        return [try set.serializedBytes()]
    }

    // MARK: - Orders

    private static func key() throws -> SigningKey { try SigningKey(rawBytes: [UInt8](repeating: 7, count: 32)) }

    private static func sign(_ order: [UInt8]) throws -> Cordon_V1_SignedOrder {
        let envelope = try OrderEnvelope(signing: order, with: key())
        return .with {
            $0.order = .init(envelope.order)
            $0.keyID = .init(envelope.keyID)
            $0.signature = .init(envelope.signature)
        }
    }

    private static func genuine() throws -> Cordon_V1_SignedOrder { try sign(orders[0].serializedBytes()) }

    private static func verifier() throws -> OrderVerifier {
        let key = try key().verifyingKey
        return OrderVerifier(
            host: HostIdentity(fleet: "acme.example", agent: agent, policyRoot: key),
            keys: KeyRing.Keys(version: 1, expiresAt: now + .seconds(86_400), keys: [key], approvers: []))
    }
}
