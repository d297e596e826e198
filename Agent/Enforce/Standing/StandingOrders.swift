internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import SwiftProtobuf

/// What this host may do by itself: the newest set that an order key signed for it, kept on disk, verified anew whenever
/// it is used.
struct StandingOrders: Sendable {
    private let path: String
    private var held: Cordon_V1_SignedStandingOrders?

    /// Reads what is kept at the path; what cannot be read is no standing order.
    init(path: String) {
        self.path = path
        guard let bytes = try? KeyFile.read(path, secret: false, limit: 2 * StandingOrderSet.limit) else { return }
        held = try? Cordon_V1_SignedStandingOrders(serializedBytes: bytes)
    }

    /// The set that holds for the host; `nil` while there is none.
    func set(for host: HostIdentity, _ keys: KeyRing.Keys) -> StandingOrderSet? {
        held.flatMap { try? Self.verify($0, host, keys) }
    }

    /// Verifies a set and keeps it, where it is newer than the one held.
    mutating func accept(
        _ signed: Cordon_V1_SignedStandingOrders, for host: HostIdentity, _ keys: KeyRing.Keys
    ) throws -> UInt64 {
        let fresh = try Self.verify(signed, host, keys)
        if let current = set(for: host, keys) {
            guard fresh.version >= current.version else {
                throw Refusal(
                    "standing orders",
                    "Version \(current.version) of the standing orders is held; \(fresh.version) is older.")
            }
            guard fresh.version > current.version else { return current.version }
        }
        try KeyFile.write(try signed.serializedBytes(), to: path)
        held = signed
        return fresh.version
    }

    private static func verify(
        _ signed: Cordon_V1_SignedStandingOrders, _ host: HostIdentity, _ keys: KeyRing.Keys
    ) throws(Refusal) -> StandingOrderSet {
        let set: StandingOrderSet
        do { set = try StandingOrderSet(signed, signedByOneOf: keys.keys) } catch {
            throw Refusal("signature", error.message)
        }
        guard set.fleet == host.fleet, set.agent == host.agent else {
            throw Refusal("recipient", "The standing orders are for another host.")
        }
        return set
    }
}
