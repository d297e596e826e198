internal import ControllerFleet
internal import ControllerPlaybooks
internal import CordonModel

/// Carries out what runs ask for: orders by the fleet, calls over HTTP.
struct Performer: EffectPerformer {
    let fleet: Fleet
    let calls: HTTPCalls

    func submit(_ order: OrderEffect) async throws {
        let request = OrderRequest(
            id: order.id, agent: order.agent, action: order.action, reason: order.reason, caseID: order.caseID)
        _ = try await fleet.submit(request, by: Principal(name: order.requestedBy, role: .responder))
    }

    func progress(of order: OrderID) async throws -> OrderProgress? {
        try await fleet.order(order).map { OrderProgress(state: $0.state, result: $0.result) }
    }

    func withdraw(_ order: OrderID, because reason: String, by actor: String) async throws -> OrderState? {
        try await fleet.withdraw(order, because: reason, by: Principal(name: actor, role: .responder))?.state
    }

    func call(_ call: HTTPEffect) async throws -> HTTPReply { try await calls.perform(call) }
}

/// Finds the host that a playbook's target means, by identifier first, then by name.
struct HostDirectory: HostResolving {
    let fleet: Fleet

    func agent(for host: HostReference) async throws -> AgentID {
        let hosts = try await fleet.hosts().filter { $0.revocation == nil }
        for word in host.addresses + [host.name] {
            guard let found = try Self.find(word, in: hosts) else { continue }
            if let also = host.alsoNamed, try Self.find(also, in: hosts) != found {
                throw ControllerError("host.mismatch", "The command names another host than the step's target.")
            }
            return found
        }
        throw ControllerError(
            "host.unknown", "No host of the fleet is called \(PlainName.shown(host.name)).",
            remedy: "`cordon hosts` lists them.")
    }

    private static func find(_ word: String, in hosts: [HostRecord]) throws -> AgentID? {
        if let id = AgentID(word) { return hosts.first { $0.id == id }?.id }
        // By the names that hosts enrolled with: what they claim since finds nothing.
        let named = hosts.filter { $0.name == word }
        guard named.count <= 1 else {
            throw ControllerError(
                "host.ambiguous", "\(named.count) hosts are called \(PlainName.shown(word)).",
                remedy: "Use the identifier.")
        }
        return named.first?.id
    }
}

/// Hostile names in our own sentences.
enum PlainName {
    /// The name without what could drive a terminal, at most 80 characters.
    static func shown(_ name: String) -> String {
        String(
            name.unicodeScalars.filter { $0.isASCII && $0.value >= 32 && $0.value < 127 }.map(Character.init).prefix(80)
        )
    }
}
