internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTesting
internal import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// Somebody who has taken the controller, order key and all, and sits on the host as the agent's user besides.
struct Forger {
    private let stage: Stage
    private let key: SigningKey

    init(_ stage: Stage) throws {
        self.stage = stage
        // Read inside the lab: outside, its owner may be another number.
        let hex = try stage.lab.command(["cat", "\(stage.controller.data)/order.key"]).must()
        guard let bytes = HexText.bytes(hex.filter { $0.isHexDigit }) else {
            throw TestFailure("the order key is no hexadecimal text")
        }
        key = try SigningKey(rawBytes: bytes)
    }

    static func network(_ text: String) throws -> Network {
        guard let network = Network(text) else { throw TestFailure("\(text) is no network") }
        return network
    }

    /// A serialised signed order; with one bit of the signature turned when it is to be broken.
    func order(_ action: Action, for host: String, breaking isBroken: Bool = false) throws -> [UInt8] {
        guard let agent = stage.identifiers[host] else { throw TestFailure("no host \(host)") }
        let surroundings = Surroundings(
            now: { Self.now() },
            random: {
                var g = SystemRandomNumberGenerator()
                return g.next()
            })
        let now = surroundings.now()
        let order = Order(
            id: surroundings.identifier(), fleet: stage.controller.fleet, agent: agent, action: action, issuedAt: now,
            expiresAt: now + .seconds(600), requestedBy: "forger", reason: "to see what happens")
        let envelope = try OrderEnvelope(signing: try Cordon_V1_Order(order).serializedBytes(), with: key)
        var signature = envelope.signature
        if isBroken { signature[0] ^= 1 }
        var signed = Cordon_V1_SignedOrder()
        signed.order = Data(envelope.order)
        signed.keyID = Data(envelope.keyID)
        signed.signature = Data(signature)
        return try signed.serializedBytes()
    }

    /// What web's enforcer says to it, asked as the agent's user.
    func tellWeb(_ order: [UInt8]) throws -> String {
        let words = [stage.binaries["cordon-demo"], "tell", stage.web.socket]
        return try stage.lab.command(
            words, in: .web, user: Lab.agentUser, environment: stage.binaries.environment,
            input: HexText.text(order) + "\n"
        ).must()
    }

    private static func now() -> Timestamp { Timestamp(microseconds: clockMicroseconds()) }
}
