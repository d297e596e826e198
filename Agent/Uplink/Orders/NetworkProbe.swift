package import CordonModel
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Looks whether the world is as a containment means it to be, from the agent's own user, by real TCP connections.
///
/// What a probe proves, and what follows:
/// - `canary_unreachable` after `isolate`: a connection to an address that is not the controller must fail. One that is
///   made proves that the isolation has no effect, so the order fails with `probe.canary_unreachable`.
/// - `controller_reachable`: a new connection to the controller. Its failure says that the exception for the agent does
///   not work, not that the isolation does not: the order keeps its outcome, the report shows the failed probe.
/// - `loopback_alive`: services of the host still reach each other. Same.
/// - `canary_reachable` after `release`: only looked at when the canary answered before. A network that is down is no
///   fault of the release: the order keeps its outcome.
/// - After a block nothing is looked at: the peer is an attacker, and silence of it proves nothing.
package struct NetworkProbe: Sendable {
    private let controller: @Sendable () -> Endpoint?
    private let canaries: [Endpoint]
    private let patience: Duration
    private let baseline = Baseline()

    /// The controller's address as last connected to, and what must not be reachable while isolated.
    package init(
        controller: @escaping @Sendable () -> Endpoint?, canaries: [Endpoint], patience: Duration = .seconds(1)
    ) {
        self.controller = controller
        self.canaries = canaries
        self.patience = patience
    }

    /// Notes which canaries answer now, so that their silence later means something. Call while not contained.
    package func notice() async {
        for canary in canaries { baseline.note(canary, answers: await connects(to: canary) == nil) }
    }

    /// Looks, in parallel, at what the action should have changed; nothing for actions that change no reachability.
    package func look(after action: ActionKind) async -> [Proof.Probe] {
        switch action {
        case .isolate:
            async let controller = lookAtController()
            async let loopback = lookAtLoopback()
            var probes = await canariesGone()
            probes += await [controller, loopback].compactMap(\.self)
            return probes
        case .release:
            async let controller = lookAtController()
            var probes = await canariesBack()
            probes += await [controller].compactMap(\.self)
            return probes
        default: return []
        }
    }

    /// The result with the probes, failed where one of them proves that the action has no effect.
    package static func conclude(_ result: OrderResult, _ probes: [Proof.Probe]) -> OrderResult {
        var concluded = result
        var proof = result.proof ?? Proof(applied: [])
        proof.probes += probes
        concluded.proof = proof
        if let disproof = probes.first(where: { !$0.passed && $0.name == canaryUnreachable }) {
            concluded.outcome = .failed(code: "probe.\(disproof.name)")
            concluded.message = "The rules are in force, but \(disproof.observed): the host is not cut off."
        }
        return concluded
    }

    private static let canaryUnreachable = "canary_unreachable"

    private func canariesGone() async -> [Proof.Probe] {
        var probes: [Proof.Probe] = []
        for canary in canaries {
            let failure = await connects(to: canary)
            let before =
                switch baseline.answered(canary) {
                case true?: "it answered before"
                case false?: "it did not answer before either, so this proves little"
                case nil: "nothing is known of it before"
                }
            let seen = failure.map { "\(canary) does not answer (\($0)); \(before)" } ?? "\(canary) answers"
            probes.append(Proof.Probe(name: Self.canaryUnreachable, passed: failure != nil, observed: seen))
        }
        return probes
    }

    private func canariesBack() async -> [Proof.Probe] {
        var probes: [Proof.Probe] = []
        for canary in canaries where baseline.answered(canary) == true {
            let failure = await connects(to: canary)
            let seen = failure.map { "\(canary) does not answer (\($0))" } ?? "\(canary) answers"
            probes.append(Proof.Probe(name: "canary_reachable", passed: failure == nil, observed: seen))
        }
        return probes
    }

    private func lookAtController() async -> Proof.Probe? {
        guard let endpoint = controller() else { return nil }
        let failure = await connects(to: endpoint)
        let seen =
            failure.map { "\(endpoint) does not answer a new connection (\($0))" }
            ?? "\(endpoint) answers a new connection"
        return Proof.Probe(name: "controller_reachable", passed: failure == nil, observed: seen)
    }

    private func lookAtLoopback() async -> Proof.Probe? {
        do {
            let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .bind(host: "127.0.0.1", port: 0).get()
            let endpoint = server.localAddress.flatMap { ControllerEndpoint($0) }
            let failure = if let endpoint { await connects(to: endpoint) } else { "no address" as String? }
            try? await server.close()
            let seen = failure.map { "127.0.0.1 does not answer (\($0))" } ?? "127.0.0.1 answers"
            return Proof.Probe(name: "loopback_alive", passed: failure == nil, observed: seen)
        } catch {
            return Proof.Probe(
                name: "loopback_alive", passed: false,
                observed: "127.0.0.1 cannot be bound (\(SocketFailure.text(error)))")
        }
    }

    /// `nil` when a TCP connection was made, otherwise why not.
    private func connects(to endpoint: Endpoint) async -> String? {
        do {
            let address = try SocketAddress(ipAddress: "\(endpoint.address)", port: Int(endpoint.port))
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(TimeAmount(patience)).connect(to: address).get()
            try? await channel.close()
            return nil
        } catch {
            return SocketFailure.text(error)
        }
    }

    private final class Baseline: Sendable {
        private let known = Mutex<[Endpoint: Bool]>([:])

        func note(_ canary: Endpoint, answers: Bool) { known.withLock { $0[canary] = answers } }
        func answered(_ canary: Endpoint) -> Bool? { known.withLock { $0[canary] } }
    }
}
