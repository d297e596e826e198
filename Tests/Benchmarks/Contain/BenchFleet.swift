internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import Glibc
internal import SwiftProtobuf

/// A fleet of one host: the files that enrolment makes, in a folder, and orders signed for it.
struct BenchFleet {
    let folder: String
    private let root = SigningKey()
    private let key = SigningKey()
    private let agent = AgentID(UUIDv7(high: 0x0190_0000_0000_7000, low: 1))

    init(folder: String) throws {
        self.folder = folder
        Shell.run("mkdir -p \(folder)/policy.d")
        Shell.run(
            """
            for key in orders_per_hour isolations_per_hour blocks_per_hour most_blocks; do echo "$key = 1000000"; done \
              > \(folder)/policy.d/bench.toml
            """
        )
        Shell.run("printf 'fleet = \"bench\"\\nagent = \"\(agent)\"\\n' > \(folder)/identity.toml")
        try KeyFile.write(root.verifyingKey, to: folder + "/root.pub")
    }

    /// The order key, named by the policy root.
    func keySet() throws -> Cordon_V1_SignedOrderKeySet {
        var set = Cordon_V1_OrderKeySet()
        set.version = 1
        set.fleet = "bench"
        set.expiresAtUs = .max
        set.keys = [Data(key.verifyingKey.rawBytes)]
        let envelope = try KeySetEnvelope(signing: try set.serializedBytes(), with: root)
        var signed = Cordon_V1_SignedOrderKeySet()
        signed.keySet = Data(envelope.keySet)
        signed.signature = Data(envelope.signature)
        return signed
    }

    func order(_ action: Action) throws -> Cordon_V1_SignedOrder {
        let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
        var random = SystemRandomNumberGenerator()
        let order = Order(
            id: OrderID(UUIDv7(at: now, random: (random.next(), random.next()))), fleet: "bench", agent: agent,
            action: action, issuedAt: now, expiresAt: now + .seconds(600), requestedBy: "bench", reason: "bench")
        let envelope = try OrderEnvelope(signing: try Cordon_V1_Order(order).serializedBytes(), with: key)
        var signed = Cordon_V1_SignedOrder()
        signed.order = Data(envelope.order)
        signed.keyID = Data(envelope.keyID)
        signed.signature = Data(envelope.signature)
        return signed
    }
}
