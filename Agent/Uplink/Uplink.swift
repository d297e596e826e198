package import AgentHunt
package import AgentSpool
package import CordonModel
package import CordonTrust
internal import CordonWire
internal import GRPCCore
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import SwiftProtobuf
internal import Synchronization

/// The agent's side of the link: holds one connection to the controller for as long as the agent runs.
package final class Uplink: Service {
    let settings: UplinkSettings
    let surroundings: Surroundings
    let spool: Spool?
    let desk: OrderDesk
    let facts: HostFactsSource
    let rules: RulePackKeeper?
    let hunter: Hunter
    let enforcer: EnforcerClient
    private let probes: NetworkProbe
    private let logger: Logger
    private let state: Mutex<State>
    private let remote: RemoteEndpoint
    private let alerts: AsyncStream<Alert>

    private struct State {
        var credentials: AgentCredentials
        var backoff = Backoff()
        var status: Status = .connecting
    }

    /// Where the link is, for the status file.
    package enum Status: Sendable, Hashable {
        case connecting
        case connected(since: Timestamp)
        /// The last failure, and when the next attempt is made.
        case waiting(reason: String, until: Timestamp)
    }

    /// Reads the identity. Throws `agent.not_enrolled` when there is none. A spool that is absent ships nothing.
    /// - Parameters:
    ///   - hunter: answers hunts; without it one that looks through the journals of this host.
    ///   - sources: what is collected from, and how that goes.
    ///   - alerts: what rules of this host raise: standing orders are carried out for them while the controller is lost.
    ///   - install: puts compiled rules in force, all or none (no bytes: no rules); without it none are taken.
    package init(
        _ settings: UplinkSettings, spool: Spool?, surroundings: Surroundings, logger: Logger,
        hunter: Hunter? = nil, alerts: AsyncStream<Alert> = AsyncStream { $0.finish() },
        sources: @escaping @Sendable () -> [SourceState] = { [] },
        rules install: (@Sendable ([UInt8]?) throws -> Void)? = nil
    ) throws {
        guard KeyFile.exists(settings.identityFile) else { throw UplinkError.notEnrolled(settings.stateFolder) }
        let credentials = try AgentCredentials(file: settings.identityFile)
        let enforcer = EnforcerClient(socket: settings.enforcerSocket, surroundings: surroundings)
        let remote = RemoteEndpoint()
        self.settings = settings
        self.surroundings = surroundings
        self.spool = spool
        self.logger = logger
        self.enforcer = enforcer
        self.remote = remote
        self.alerts = alerts
        self.hunter = hunter ?? Hunter(logger: logger)
        rules = install.map {
            RulePackKeeper(
                file: settings.rulePackFile, identity: credentials.identity, policyRoot: credentials.policyRoot,
                keySetFile: settings.keySetFile, install: $0)
        }
        state = Mutex(State(credentials: credentials))
        probes = NetworkProbe(
            controller: { remote.known }, canaries: settings.canaries, patience: settings.canaryPatience)
        desk = OrderDesk(
            files: try OrderFiles(folder: settings.ordersFolder), enforcer: enforcer, probes: probes,
            surroundings: surroundings, logger: logger)
        facts = HostFactsSource(
            enforcer: enforcer, interval: settings.statusInterval, version: settings.version,
            surroundings: surroundings, logger: logger,
            counts: { [desk] in
                AgentCounts(queue: await spool?.status, refused: await desk.refused, sources: sources())
            },
            hearsController: { remote.takeHeard() },
            keepAlerts: { try await spool?.append($0.map { .alert($0) }) })
    }

    /// Who this agent is.
    package var identity: AgentIdentity { state.withLock { $0.credentials.identity } }

    /// What is known of this host now.
    package var hostFacts: HostFacts { get async { await facts.current } }

    /// How many networks are blocked on this host: all of them, of which ``hostFacts`` names a thousand.
    package var blockCount: Int { get async { await facts.blockCount } }

    /// The version of the rules in force (0: none), and why another that was offered is not.
    package var rulePack: (version: UInt64, fault: String) { rules?.current ?? (0, "") }

    /// Puts the rules that were kept on disk in force. Waits for the disk; call it before ``run()``.
    package func restoreRules() { rules?.restore() }

    /// Where the controller is looked for.
    package var controller: ControllerAddress { address }

    /// Where the link is now.
    package var status: Status { state.withLock { $0.status } }

    /// Runs until the task is cancelled or the service group shuts down.
    package func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.work() }
    }

    private func work() async throws {
        let settled = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await desk.onSettled(settled.continuation)
        await facts.onKeysMissing { await self.passKeySetOn() }
        await desk.onKeysRefused { await self.passKeySetOn() }
        await passKeySetOn()
        await facts.refresh()
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await self.desk.run() }
            group.addTask { await self.facts.run(settled: settled.stream) }
            group.addTask { await self.hold() }
            group.addTask { await self.contain() }
        }
    }

    /// Has standing orders carried out for what is raised while the controller cannot be reached. What comes and goes is
    /// given a moment: an alert that reaches the controller is the controller's.
    private func contain() async {
        for await alert in alerts {
            while let silence = remote.silence, silence < settings.lostAfter {
                try? await Task.sleep(for: settings.lostAfter - silence)
            }
            guard remote.silence != nil, !Task.isCancelled else { continue }
            do { try await enforcer.contain(alert) } catch {
                logger.error("\(error)", metadata: ["rule": "\(alert.rule.id)"])
            }
        }
    }

    /// Hands standing orders to the enforcer, which alone decides whether they are good.
    func keep(_ standing: Cordon_V1_SignedStandingOrders) async {
        do { await facts.holds(standing: try await enforcer.keep(standing)) } catch {
            logger.warning("The enforcer did not take the standing orders.", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: - Connecting

    private func hold() async {
        while !Task.isCancelled {
            var pause: Duration?
            do {
                switch try await connectOnce() {
                case .renewed: pause = nil
                case .closed: pause = wait(after: .unreachable("\(address)", "it closed the connection"))
                }
            } catch {
                pause = wait(after: explain(error))
            }
            remote.lost()
            await desk.detach()
            guard let pause, !Task.isCancelled else { continue }
            try? await Task.sleep(for: pause)
        }
    }

    private func connectOnce() async throws -> LinkSession.End {
        let credentials = state.withLock { state in
            state.status = .connecting
            return state.credentials
        }
        let parameters = LinkConnection.Parameters(
            address: address, trust: .anchored(credentials.anchor), identity: credentials, timing: settings.timing,
            now: surroundings.now)
        let target = try await ControllerResolver(address: address, memory: settings.endpointFile).target()
        let connection = try await LinkConnection.open(parameters, to: target)
        remote.note(connection.remote)
        let session = LinkSession(
            uplink: self, credentials: credentials,
            metadata: LinkMetadata.make(machine: .machine(machineID: settings.machineID)), logger: logger)
        do { return try await session.run(connection) } catch let error as RPCError {
            if let refusal = connection.verdict.refusal { throw UplinkError.untrusted("\(address)", refusal) }
            if error.code == .unavailable, let why = connection.failure.text {
                throw UplinkError.unreachable("\(address)", why)
            }
            throw error
        }
    }

    private var address: ControllerAddress { settings.controller ?? state.withLock { $0.credentials.controller } }

    private func explain(_ error: any Error) -> UplinkError {
        switch error {
        case let error as UplinkError: error
        case let error as RPCError: UplinkError(error, from: "\(address)")
        case let error as any ActionableError:
            UplinkError(code: error.code, message: error.message, remedy: error.remedy)
        default: .unreachable("\(address)", SocketFailure.text(error))
        }
    }

    private func wait(after error: UplinkError) -> Duration {
        let random = surroundings.random()
        let now = surroundings.now()
        let pause = state.withLock { state in
            let pause =
                error.isRefusal
                ? state.backoff.waitAfterRefusal(random: random) : state.backoff.wait(random: random)
            state.status = .waiting(reason: error.message, until: now + pause)
            return pause
        }
        guard !Task.isCancelled else { return pause }
        logger.warning("\(error)", metadata: ["next_attempt_ms": "\(pause.milliseconds)"])
        return pause
    }

    // MARK: - What a session needs

    func hello() async -> Cordon_V1_AgentMessage {
        var message = Cordon_V1_AgentMessage()
        message.hello.contract = LinkMetadata.contract
        message.hello.facts = Cordon_V1_Facts(await facts.current)
        return message
    }

    func welcomed(_ welcome: Cordon_V1_Welcome) async {
        let now = surroundings.now()
        state.withLock { state in
            state.backoff.welcomed(window: .milliseconds(Int64(welcome.reconnectWindowMs)))
            state.status = .connected(since: now)
        }
        remote.heard()
        logger.notice("Connected to the controller.", metadata: ["controller": "\(address)"])
        let skew = now - Timestamp(microseconds: welcome.nowUs)
        if abs(skew.microseconds) > 300_000_000 {
            logger.warning(
                "This host's clock differs from the controller's; orders may be refused as expired. Check time synchronisation.",
                metadata: ["seconds": "\(skew.wholeSeconds)"])
        }
        ControllerResolver.remember(remote.known, in: settings.endpointFile)
        if await facts.current.containment.isolatedUntil == nil { await probes.notice() }
    }

    func replace(_ renewed: AgentCredentials) async throws {
        let path = settings.identityFile
        try await NIOThreadPool.singleton.runIfActive { try renewed.save(to: path) }
        state.withLock { $0.credentials = renewed }
    }

    /// Keeps a key set and hands it to the enforcer, which alone decides whether it is good.
    func keep(_ keySet: Cordon_V1_SignedOrderKeySet) async {
        let path = settings.keySetFile
        do {
            let bytes: [UInt8] = try keySet.serializedBytes()
            try await NIOThreadPool.singleton.runIfActive { try KeyFile.write(bytes, to: path) }
        } catch {
            logger.error("The order keys could not be written to disk.", metadata: ["reason": "\(error)"])
        }
        await pass(keySet)
    }

    /// The enforcer may be new, or may have missed the last one.
    private func passKeySetOn() async {
        guard let bytes = try? KeyFile.read(settings.keySetFile),
            let keySet = try? Cordon_V1_SignedOrderKeySet(serializedBytes: bytes)
        else { return }
        await pass(keySet)
    }

    private func pass(_ keySet: Cordon_V1_SignedOrderKeySet) async {
        do {
            let version = try await enforcer.keep(keySet)
            logger.info("The enforcer holds the order keys.", metadata: ["version": "\(version)"])
        } catch {
            logger.warning("The enforcer did not take the order keys.", metadata: ["reason": "\(error)"])
        }
    }
}

/// Where the controller was last connected to, and whether it is heard.
final class RemoteEndpoint: Sendable {
    private let state = Mutex(
        (known: Endpoint?.none, lostAt: Optional(ContinuousClock.now), wasHeard: false))

    var known: Endpoint? { state.withLock { $0.known } }

    func note(_ endpoint: Endpoint?) {
        guard let endpoint else { return }
        state.withLock { $0.known = endpoint }
    }

    /// It has welcomed this agent.
    func heard() { state.withLock { ($0.lostAt, $0.wasHeard) = (nil, true) } }

    /// The connection is over.
    func lost() { state.withLock { $0.lostAt = $0.lostAt ?? .now } }

    /// How long it has not been heard; `nil` while it is.
    var silence: Duration? { state.withLock { $0.lostAt.map { .now - $0 } } }

    /// Whether it was heard at any time since this was asked last: a link that comes and goes is not lost.
    func takeHeard() -> Bool {
        state.withLock { state in
            defer { state.wasHeard = state.lostAt == nil }
            return state.wasHeard
        }
    }
}
