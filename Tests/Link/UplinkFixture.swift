import AgentSpool
import AgentUplink
import ControllerFleet
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOPosix
import SwiftProtobuf
import Synchronization

/// Stands where cordon-enforcer is: hears orders over its socket and answers as the test says.
final class FakeEnforcer: Sendable {
    /// What becomes of an order; `nil` closes the connection without an answer.
    typealias Judge = @Sendable (CordonOrders.Order) async -> Outcome?

    struct Heard {
        var orders: [OrderID] = []
        var keySets = 0
        /// Versions of standing orders, and addresses that they are to be carried out for.
        var standing: [String] = []
        var containment = ContainmentState()
        /// What orders bring; gone from here when the controller has it.
        var evidence: [OrderID: [UInt8]] = [:]
        /// Where parts of evidence were asked for.
        var offsets: [UInt64] = []
        var kept: [OrderID] = []
    }

    let path: String
    fileprivate let state = Mutex(Heard())
    private let answer: @Sendable (CordonOrders.Order) async -> Outcome?

    /// The answer to orders; `nil` closes the connection without one.
    init(path: String, answer: @escaping @Sendable (CordonOrders.Order) async -> Outcome? = { _ in .succeeded }) {
        self.path = path
        self.answer = answer
    }

    var orders: [OrderID] { state.withLock { $0.orders } }
    var standing: [String] { state.withLock { $0.standing } }
    var keySets: Int { state.withLock { $0.keySets } }
    /// Where parts of evidence were asked for, and whose evidence was forgotten.
    var evidence: (offsets: [UInt64], kept: [OrderID]) { state.withLock { ($0.offsets, $0.kept) } }
    func bring(_ bytes: [UInt8], by order: OrderID) { state.withLock { $0.evidence[order] = bytes } }
    /// Told of each part before it is given.
    let onPart = Mutex<(@Sendable (UInt64) -> Void)?>(nil)
    func contain(_ containment: ContainmentState) { state.withLock { $0.containment = containment } }

    /// Listens until cancelled.
    func run() async throws {
        unsafe unlink(path)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Desk(self)) }
            }
            .bind(unixDomainSocketPath: path).get()
        try? await Task.sleep(for: .seconds(3600))
        try await server.close()
    }

    private final class Desk: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let enforcer: FakeEnforcer
        private var held = ByteBuffer()

        init(_ enforcer: FakeEnforcer) { self.enforcer = enforcer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            held.writeImmutableBuffer(unwrapInboundIn(data))
            while let length = held.getInteger(at: held.readerIndex, as: UInt32.self),
                held.readableBytes >= 4 + Int(length)
            {
                held.moveReaderIndex(forwardBy: 4)
                let frame = held.readBytes(length: Int(length)) ?? []
                let (channel, enforcer) = (context.channel, enforcer)
                channel.eventLoop.makeFutureWithTask { () -> ByteBuffer? in
                    guard let response = await enforcer.respond(try Cordon_V1_EnforcerRequest(serializedBytes: frame))
                    else { return nil }
                    let answer: [UInt8] = try response.serializedBytes()
                    var out = ByteBuffer()
                    out.writeInteger(UInt32(answer.count))
                    out.writeBytes(answer)
                    return out
                }.whenComplete { result in
                    if case .success(let out?) = result {
                        channel.writeAndFlush(out, promise: nil)
                    } else {
                        channel.close(promise: nil)
                    }
                }
            }
        }
    }

    private func respond(_ request: Cordon_V1_EnforcerRequest) async -> Cordon_V1_EnforcerResponse? {
        var response = Cordon_V1_EnforcerResponse()
        response.requestID = request.requestID
        switch request.request {
        case .execute(let signed):
            guard let order = try? Cordon_V1_Order(serializedBytes: signed.order).model() else { return nil }
            state.withLock { $0.orders.append(order.id) }
            guard let outcome = await answer(order) else { return nil }
            response.result = Cordon_V1_OrderResult(
                OrderResult(
                    order: order.id, outcome: outcome, message: "done", startedAt: Timestamp(seconds: 1),
                    finishedAt: Timestamp(seconds: 2), proof: Proof(applied: ["table inet cordon_isolation"]),
                    evidence: state.withLock { $0.evidence[order.id] }.map {
                        Evidence(
                            name: "found", sha256: Fingerprint(of: $0).bytes, size: Int64($0.count))
                    }))
        case .keySet:
            state.withLock { $0.keySets += 1 }
            response.keySetAccepted.version = 1
        case .evidence(let mark): response.evidence = part(mark)
        case .standingOrders(let signed):
            let version = (try? Cordon_V1_StandingOrderSet(serializedBytes: signed.set).version) ?? 0
            state.withLock { $0.standing.append("version \(version)") }
            response.done.standingVersion = version
        case .trigger(let trigger):
            state.withLock { $0.standing.append("\(trigger.rule) \(trigger.sourceIp) \(trigger.userName)") }
            response.done.carriedOut = 1
        default:
            response.status.version = "9.9"
            response.status.containment = Cordon_V1_Containment(state.withLock { $0.containment })
        }
        return response
    }
}

extension FakeEnforcer {
    /// As the enforcer answers a mark, in parts of 64 KiB.
    private func part(_ mark: Cordon_V1_EvidenceMark) -> Cordon_V1_EvidencePart {
        var part = Cordon_V1_EvidencePart()
        let order = OrderID(bytes: mark.orderID)
        if mark.state == .wanted { onPart.withLock { $0 }?(mark.offset) }
        state.withLock { state in
            if let order, mark.state == .wanted, let bytes = state.evidence[order] {
                state.offsets.append(mark.offset)
                part.orderID = mark.orderID
                part.offset = mark.offset
                part.content = Data(bytes.dropFirst(Int(mark.offset)).prefix(65_536))
                return
            }
            if let order, mark.state == .kept {
                state.evidence[order] = nil
                state.kept.append(order)
            }
            if let next = state.evidence.keys.sorted().first(where: { id in order.map { $0 < id } ?? true }) {
                part.orderID = Data(next.uuid.bytes)
            }
        }
        return part
    }
}

/// Our own agent on the loopback: enrolled for real, with a fake enforcer.
struct LiveAgent: Sendable {
    var settings: UplinkSettings
    var system: String
    let enforcer: FakeEnforcer
    let clock: TestClock

    static let machineID = String(repeating: "ab", count: 16)

    /// An agent's folders, not enrolled yet.
    init(
        in folder: String, clock: TestClock = TestClock(),
        answer: @escaping @Sendable (CordonOrders.Order) async -> Outcome? = { _ in .succeeded }
    ) throws {
        try KeyFile.makeFolder(folder)
        try KeyFile.makeFolder("\(folder)/state")
        try KeyFile.makeFolder("\(folder)/etc")
        system = "\(folder)/etc"
        enforcer = FakeEnforcer(path: "\(folder)/enforcer.sock", answer: answer)
        settings = UplinkSettings(
            stateFolder: "\(folder)/state", enforcerSocket: "\(folder)/enforcer.sock", machineID: Self.machineID,
            version: "0.1.0")
        settings.canaries = []
        settings.statusInterval = .milliseconds(200)
        self.clock = clock
    }

    func enrol(_ token: EnrolmentToken, isForced: Bool = false) async throws -> AgentCredentials {
        try await Enrolment(settings, systemFolder: system, surroundings: clock.surroundings).enrol(
            with: token, isForced: isForced)
    }

    /// Runs the link, and the enforcer unless it should be away, while the body runs.
    func run<Value: Sendable>(
        spool: Spool? = nil, isEnforcerThere: Bool = true, alerts: AsyncStream<Alert> = AsyncStream { $0.finish() },
        rules: (@Sendable ([UInt8]?) throws -> Void)? = nil,
        _ body: @Sendable @escaping (Uplink) async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "agent")
        logger.logLevel = .critical
        let uplink = try Uplink(
            settings, spool: spool, surroundings: quickSurroundings, logger: logger, alerts: alerts, rules: rules)
        uplink.restoreRules()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            if isEnforcerThere {
                group.addTask {
                    try await self.enforcer.run()
                    return nil
                }
            }
            group.addTask {
                try await uplink.run()
                return nil
            }
            group.addTask { try await body(uplink) }
            defer { group.cancelAll() }
            for try await value in group { if let value { return value } }
            throw UplinkError(code: "test.ended", message: "The agent ended before the test.")
        }
    }

    /// Waits are drawn by chance: here they are short.
    private var quickSurroundings: Surroundings {
        let random = Mutex<UInt64>(0)
        return Surroundings(
            now: clock.surroundings.now,
            random: {
                random.withLock {
                    $0 = ($0 &+ 1) % 4096
                    return $0 << 44
                }
            })
    }
}

extension Uplink {
    /// Waits until the controller has said welcome.
    func connected(within limit: Duration = .seconds(10)) async throws {
        _ = try await eventually("the agent is connected; it is \(status)", within: limit) {
            if case .connected = status { true } else { nil }
        }
    }

    /// Waits until the link waits, and says why.
    func waiting(within limit: Duration = .seconds(10)) async throws -> String {
        try await eventually("the agent waits", within: limit) {
            if case .waiting(let reason, _) = status { reason } else { nil }
        }
    }
}

/// A wire that tests can cut, stop, or lead elsewhere.
final class Wire: Sendable {
    private struct State {
        var target: UInt16
        var isStopped = false
        var channels: [any Channel] = []
    }

    private let state: Mutex<State>
    private let server: any Channel
    let port: UInt16

    init(to target: UInt16) async throws {
        state = Mutex(State(target: target))
        let box = Box()
        server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                box.wire.withLock { $0 }?.join(channel) ?? channel.close()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = UInt16(server.localAddress?.port ?? 0)
        box.wire.withLock { $0 = self }
    }

    private final class Box: Sendable { let wire = Mutex<Wire?>(nil) }

    /// New connections go there.
    func lead(to port: UInt16) { state.withLock { $0.target = port } }

    /// Bytes are swallowed from now on; nothing is closed.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Bytes of new connections pass again.
    func start() { state.withLock { $0.isStopped = false } }

    /// Ends every connection.
    func cut() {
        for channel in state.withLock({ state in
            defer { state.channels = [] }
            return state.channels
        }) { channel.close(promise: nil) }
    }

    func close() async throws {
        cut()
        try await server.close()
    }

    private func join(_ near: any Channel) -> EventLoopFuture<Void> {
        let target = state.withLock { $0.target }
        return ClientBootstrap(group: near.eventLoop)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: Int(target))
            .flatMapErrorThrowing { error in
                near.close(promise: nil)
                throw error
            }
            .flatMapThrowing { far in
                self.state.withLock { $0.channels += [near, far] }
                try near.pipeline.syncOperations.addHandler(Passage(self, to: far))
                try far.pipeline.syncOperations.addHandler(Passage(self, to: near))
                try far.syncOptions?.setOption(.autoRead, value: true)
                try near.syncOptions?.setOption(.autoRead, value: true)
            }
    }

    private final class Passage: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let wire: Wire
        private let other: any Channel

        init(_ wire: Wire, to other: any Channel) {
            self.wire = wire
            self.other = other
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !wire.state.withLock({ $0.isStopped }) else { return }
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            if !wire.state.withLock({ $0.isStopped }) { other.close(promise: nil) }
        }
    }
}
