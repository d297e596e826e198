internal import CordonModel
package import CordonTrust
internal import CordonWire
internal import Logging
internal import NIOPosix
internal import SwiftProtobuf
internal import Synchronization

/// Keeps the pack of rules that the controller wants run: verifies its signature, has it put in force, keeps it on disk.
/// A pack that is bad in any way is refused whole, and the one before stays.
package final class RulePackKeeper: Sendable {
    /// Bytes that a signed pack may have.
    package static let limit = 3 << 20

    private let file: String
    private let fleet: String
    private let policyRoot: VerifyingKey
    private let keySetFile: String
    /// Puts compiled rules in force, all or none; no bytes: no rules.
    private let install: @Sendable ([UInt8]?) throws -> Void
    private let state = Mutex(State())
    private let logger: Logger

    private struct State {
        var version: UInt64 = 0
        var fault = ""
    }

    /// - Parameters:
    ///   - file: where the signed pack is kept.
    ///   - keySetFile: where the signed order keys are kept; read whenever a pack is verified.
    ///   - install: puts compiled rules in force, all or none, and throws an error for people when it cannot.
    package init(
        file: String, identity: AgentIdentity, policyRoot: VerifyingKey, keySetFile: String,
        install: @escaping @Sendable ([UInt8]?) throws -> Void
    ) {
        self.file = file
        fleet = identity.fleet
        self.policyRoot = policyRoot
        self.keySetFile = keySetFile
        self.install = install
        logger = Logger(label: "cordon.rules")
    }

    /// Puts the kept pack in force, verified anew. Waits for the disk.
    package func restore() {
        guard KeyFile.exists(file) else { return }
        do {
            try use(try Cordon_V1_SignedRulePack(serializedBytes: try KeyFile.read(file, limit: Self.limit)))
        } catch {
            refuse(error)
        }
    }

    /// The version in force (0: none), and why another that was offered is not.
    package var current: (version: UInt64, fault: String) { state.withLock { ($0.version, $0.fault) } }

    /// Takes up what the controller offers: fetches it when it is another than that in force.
    func offered(
        _ version: UInt64, fetch: (UInt64) async throws -> Cordon_V1_SignedRulePack
    ) async -> Cordon_V1_RulePackState {
        do {
            if version == 0 {
                try await dropAll()
            } else if version != current.version {
                try await keep(try await fetch(version), expecting: version)
            }
            state.withLock { $0.fault = "" }
        } catch {
            refuse(error)
        }
        let (version, fault) = current
        return .with {
            $0.version = version
            $0.fault = fault
        }
    }

    private func dropAll() async throws {
        guard current.version != 0 || KeyFile.exists(file) else { return }
        try install(nil)
        state.withLock { $0.version = 0 }
        try await blocking { KeyFile.remove(self.file) }
        logger.notice("The rules were taken away.")
    }

    private func keep(_ signed: Cordon_V1_SignedRulePack, expecting version: UInt64) async throws {
        try use(signed, expecting: version)
        let bytes: [UInt8] = try signed.serializedBytes()
        try await blocking { try KeyFile.write(bytes, to: self.file) }
        logger.notice("Rules are in force.", metadata: ["version": "\(version)"])
    }

    /// Verifies a pack and puts it in force.
    private func use(_ signed: Cordon_V1_SignedRulePack, expecting version: UInt64? = nil) throws {
        let envelope = RulePackEnvelope(
            pack: [UInt8](signed.pack), keyID: [UInt8](signed.keyID), signature: [UInt8](signed.signature))
        guard envelope.pack.count <= Self.limit, envelope.isSigned(byOneOf: try orderKeys()) else {
            throw UplinkError.rules("The pack of rules is not signed by a key that this fleet's policy root names.")
        }
        let pack = try Cordon_V1_RulePack(serializedBytes: envelope.pack)
        guard pack.fleet == fleet else { throw UplinkError.rules("The pack of rules is for another fleet.") }
        if let version, pack.version != version {
            throw UplinkError.rules("Version \(version) of the rules was offered, \(pack.version) came.")
        }
        try install([UInt8](pack.rules))
        state.withLock { state in
            state.version = pack.version
            state.fault = ""
        }
    }

    /// The keys that may sign, by the set that the policy root signed.
    private func orderKeys() throws -> [VerifyingKey] {
        let set = try Cordon_V1_SignedOrderKeySet(serializedBytes: try KeyFile.read(keySetFile))
        guard KeySetEnvelope(keySet: [UInt8](set.keySet), signature: [UInt8](set.signature)).isSigned(by: policyRoot)
        else { throw UplinkError.rules("The order keys on this host are not signed by its policy root.") }
        let content = try Cordon_V1_OrderKeySet(serializedBytes: set.keySet)
        guard content.fleet == fleet else {
            throw UplinkError.rules("The order keys on this host are another fleet's.")
        }
        return content.keys.compactMap { try? VerifyingKey(rawBytes: [UInt8]($0)) }
    }

    private func refuse(_ error: any Error) {
        let reason = (error as? any ActionableError)?.message ?? "\(error)"
        state.withLock { $0.fault = reason }
        logger.error("The rules were refused; those before stay.", metadata: ["reason": "\(reason)"])
    }

    private func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
