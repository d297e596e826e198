internal import AgentEnforce
internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import SwiftProtobuf

/// The enforcer as the daemon makes it, given signed orders.
struct CordonContender {
    private let folder: String
    private let enforcer: Enforcer
    private let key = SigningKey()
    private let agent = AgentID(UUIDv7(high: 0x0190_0000_0000_7000, low: 1))

    init(folder parent: String) throws {
        folder = "\(parent)/cordon-bench-\(getpid())"
        Shell.run("mkdir -p \(folder)/policy.d")
        Shell.run(
            """
            for key in orders_per_hour isolations_per_hour blocks_per_hour most_blocks; do echo "$key = 1000000"; done \
              > \(folder)/policy.d/bench.toml
            """
        )
        Shell.run("printf 'fleet = \"bench\"\\nagent = \"\(agent)\"\\n' > \(folder)/identity.toml")
        let root = SigningKey()
        try KeyFile.write(root.verifyingKey, to: folder + "/root.pub")
        enforcer = try Enforcer(
            .init(
                stateDirectory: folder, policyDirectory: folder + "/policy.d", identityPath: folder + "/identity.toml",
                policyRootPath: folder + "/root.pub", agentUser: 4242,
                controllers: [Endpoint("10.66.0.2:7443"), Endpoint("[2001:db8::2]:7443")].compactMap { $0 },
                version: "bench"),
            log: Logger(label: "bench"))
        var set = Cordon_V1_OrderKeySet()
        set.version = 1
        set.fleet = "bench"
        set.expiresAtUs = .max
        set.keys = [Data(key.verifyingKey.rawBytes)]
        let envelope = try KeySetEnvelope(signing: try set.serializedBytes(), with: root)
        var signed = Cordon_V1_SignedOrderKeySet()
        signed.keySet = Data(envelope.keySet)
        signed.signature = Data(envelope.signature)
        _ = try enforcer.accept(signed)
    }

    func measure(rounds: Int, addresses: Int) throws -> Row {
        defer { Shell.run("rm -rf \(folder)") }
        var isolate: [Double] = []
        for _ in 0..<rounds {
            isolate.append(try applied(.isolate(Isolation(duration: .seconds(3600)))))
            _ = try applied(.release)
        }
        let blocks = (0..<addresses).map {
            AddressBlock(
                network: Network(.v4(0x0B00_0000 + UInt32(truncatingIfNeeded: $0) * 7)), duration: .seconds(3600))
        }
        let start = ContinuousClock.now
        _ = try enforcer.blockAll(blocks)
        let all = start.elapsed / 1000
        var one: [Double] = []
        for number in 0..<50 {
            let network = Network(.v4(0xCB00_7100 + UInt32(truncatingIfNeeded: number)))
            one.append(try applied(.blockAddress(AddressBlock(network: network, duration: .seconds(3600)))))
        }
        return Row(
            "cordon", isolate: isolate, blockOne: one, blockAll: all, list: try list(blocks.map(\.network)),
            rss: Self.anonymous)
    }

    /// The same networks as one list, and single addresses beside it.
    private func list(_ networks: [Network]) throws -> (all: Double, one: [Double]) {
        guard let list = AddressList(networks) else { throw EnforceError("bench.failed", "They are no list.") }
        let block = AddressListBlock(name: "bench", list: list, duration: .seconds(3600))
        let all = try applied(.blockAddresses(block)) / 1000
        let one = try (0..<50).map { number in
            let network = Network(.v4(0xCB00_7200 + UInt32(truncatingIfNeeded: number)))
            return try applied(.blockAddress(AddressBlock(network: network, duration: .seconds(3600))))
        }
        return (all, one)
    }

    /// Milliseconds from a signed order received to its being in force, through verifier, journal and kernel.
    private func applied(_ action: Action) throws -> Double {
        let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
        var random = SystemRandomNumberGenerator()
        let order = Order(
            id: OrderID(UUIDv7(at: now, random: (random.next(), random.next()))), fleet: "bench", agent: agent,
            action: action,
            issuedAt: now, expiresAt: now + .seconds(600), requestedBy: "bench", reason: "bench")
        let envelope = try OrderEnvelope(signing: try Cordon_V1_Order(order).serializedBytes(), with: key)
        var signed = Cordon_V1_SignedOrder()
        signed.order = Data(envelope.order)
        signed.keyID = Data(envelope.keyID)
        signed.signature = Data(envelope.signature)
        let result = try enforcer.execute(signed)
        guard result.outcome == .succeeded else { throw EnforceError("bench.failed", "\(action): \(result.message)") }
        return Double(result.proof.appliedUs) / 1000
    }

    /// Anonymous memory of this process, in KiB.
    private static var anonymous: Int {
        guard let file = unsafe fopen("/proc/self/status", "r") else { return 0 }
        defer { unsafe _ = fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("RssAnon:") { return text.split(separator: " ").compactMap { Int($0) }.first ?? 0 }
        }
        return 0
    }
}
