package import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import SwiftProtobuf
internal import Synchronization

extension Fleet {
    /// Tells every connected agent which rules it should run: after a pack was staged or rolled back.
    package func offerRules() {
        for session in sessions.all { offerRules(to: session) }
    }

    /// Which rules each host that is or was connected says that it runs.
    package func rulesInUse() -> [AgentID: RulePackState] { ruleStates.withLock { $0 } }

    func offerRules(to session: Session) {
        guard let host = registry.host(session.agent) else { return }
        session.send(.with { $0.rulePack.version = rulePacks.version(host.group) })
    }

    /// Remembers what the agent says that it runs.
    func heard(_ state: Cordon_V1_RulePackState, from agent: AgentID) {
        let known = RulePackState(
            version: state.version, fault: String(String.UnicodeScalarView(state.fault.unicodeScalars.prefix(500))))
        let isNews = ruleStates.withLock { $0.updateValue(known, forKey: agent) } != known
        if isNews, let record = registry.host(agent) { newsFeed.yield(.host(record)) }
    }

    /// The signed pack; only the one that the agent's group should run.
    func rules(_ request: Cordon_V1_RulePackRequest, for agent: AgentID) async throws -> Cordon_V1_SignedRulePack {
        guard let host = registry.host(agent), rulePacks.version(host.group) == request.version, request.version > 0
        else { throw RPCError(code: .notFound, message: "This version of the rules is not for this host.") }
        guard let rules = try await rulePacks.rules(request.version) else {
            throw RPCError(code: .notFound, message: "There is no version \(request.version) of the rules.")
        }
        let pack = Cordon_V1_RulePack.with {
            $0.fleet = keys.fleet
            $0.version = request.version
            $0.rules = .init(rules)
        }
        let envelope = try RulePackEnvelope(signing: try pack.serializedBytes(), with: keys.orderKey)
        return .with {
            $0.pack = .init(envelope.pack)
            $0.keyID = .init(envelope.keyID)
            $0.signature = .init(envelope.signature)
        }
    }
}
