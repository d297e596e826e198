internal import CordonModel
internal import CordonWire
internal import Logging
internal import SwiftProtobuf

/// Orders from their arrival to the acknowledgement of their results, whether or not there is a connection meanwhile.
///
/// An order is written to disk, announced as received, handed to the enforcer in its lane in the order of arrival, probed,
/// and its result is kept until the controller says that it has it. One that comes again gets the result that is known; one whose
/// result was acknowledged and forgotten goes to the enforcer again, which gives its first result.
actor OrderDesk {
    private let files: OrderFiles
    private let enforcer: EnforcerClient
    private let probes: NetworkProbe
    private let surroundings: Surroundings
    private let logger: Logger
    private var kept: [OrderID: Cordon_V1_OrderResult?] = [:]
    private var outbox: AsyncStream<Cordon_V1_AgentMessage>.Continuation?
    /// Counts isolations and releases, so that a probe knows whether a later one overtook it.
    private var containments = 0
    /// Orders that the enforcer refused since the start.
    private(set) var refused = 0
    private nonisolated let lanes: [Lane: Queue]
    private typealias Queue = (stream: AsyncStream<Arrival>, continuation: AsyncStream<Arrival>.Continuation)

    /// Within one, orders are carried out one after another: what is undone was done before. Between them nothing waits: an
    /// isolation must not stand behind a gigabyte that is copied, or a process that does not die.
    private enum Lane: CaseIterable {
        case network, lists, processes, files, services, looks

        init(_ kind: ActionKind?) {
            switch kind {
            // One that is not known is refused at once.
            case .isolate, .release, .blockAddress, .unblockAddress, .cutUserNetwork, .restoreUserNetwork,
                .sinkholeDomain, .unsinkholeDomain, nil:
                self = .network
            // A hundred thousand networks take the kernel a moment.
            case .blockAddresses, .unblockAddresses: self = .lists
            // What is not to start again is blocked before it is killed.
            case .blockExecutable, .unblockExecutable, .killProcess, .freezeProcess, .thawProcess, .lockAccount,
                .unlockAccount:
                self = .processes
            case .stopService, .restoreService, .disableCronEntry, .enableCronEntry: self = .services
            case .removeSSHKey, .restoreSSHKey: self = .files
            case .quarantineFile, .restoreFile, .deleteFile: self = .files
            case .collectFile, .triage, .collectProcessMemory, .liveTable, .yaraScan: self = .looks
            }
        }
    }

    private struct Arrival: Sendable {
        var id: OrderID
        var signed: Cordon_V1_SignedOrder
        /// When it is not to be carried out any longer.
        var expiresAt: Timestamp
        /// `nil` when this version does not know the action: the enforcer says what it thinks of it.
        var kind: ActionKind?
    }

    init(
        files: OrderFiles, enforcer: EnforcerClient, probes: NetworkProbe, surroundings: Surroundings, logger: Logger
    ) {
        self.files = files
        self.enforcer = enforcer
        self.probes = probes
        self.surroundings = surroundings
        self.logger = logger
        lanes = Dictionary(uniqueKeysWithValues: Lane.allCases.map { ($0, AsyncStream.makeStream()) })
    }

    /// Takes up what an earlier run left, then carries orders out until it is cancelled.
    func run() async throws {
        for entry in try await files.all() where kept[entry.id] == nil {
            kept[entry.id] = .some(entry.result)
            if entry.result == nil { enqueue(entry.id, entry.order) }
        }
        await withDiscardingTaskGroup { group in
            for (arrivals, _) in lanes.values { group.addTask { await self.work(off: arrivals) } }
        }
    }

    private func work(off arrivals: AsyncStream<Arrival>) async {
        await withDiscardingTaskGroup { group in
            for await arrival in arrivals {
                guard let result = await carryOut(arrival) else { return }
                let generation = containments
                // Looking takes seconds; a release that waits behind must not.
                group.addTask { await self.settle(arrival, await self.probed(result, arrival, generation)) }
            }
        }
    }

    // MARK: - The connection's side

    /// A connection is there: what is known is said again.
    func attach(_ outbox: AsyncStream<Cordon_V1_AgentMessage>.Continuation) {
        self.outbox = outbox
        for (id, result) in kept.sorted(by: { $0.key < $1.key }) {
            if let result { say(result) } else { say(id, .received) }
        }
    }

    /// The connection is gone.
    func detach() { outbox = nil }

    /// An order arrived. Returns once it is on disk.
    func receive(_ signed: Cordon_V1_SignedOrder) async {
        guard let message = try? Cordon_V1_Order(serializedBytes: signed.order),
            let id = OrderID(bytes: message.orderID)
        else {
            logger.warning("An order that cannot be read was dropped.")
            return
        }
        if let known = kept[id] {
            if let result = known { say(result) } else { say(id, .received) }
            return
        }
        guard kept.count < OrderFiles.limit else {
            logger.error("Too many orders wait for their results to be acknowledged; one was left to the controller.")
            return
        }
        kept[id] = .some(nil)
        do {
            try await files.keep(signed, id: id)
            say(id, .received)
        } catch {
            // A full disk must not keep a host from being released: the order is carried out, but not called durable.
            logger.error(
                "An order could not be written to disk and is carried out nevertheless.",
                metadata: ["error": "\(error)"])
        }
        enqueue(id, signed)
    }

    /// The controller has the result.
    func acknowledged(_ id: OrderID) async {
        guard case .some(.some) = kept[id] else { return }
        kept[id] = nil
        try? await files.forget(id)
    }

    // MARK: - The enforcer's side

    private func enqueue(_ id: OrderID, _ signed: Cordon_V1_SignedOrder) {
        let order = try? Cordon_V1_Order(serializedBytes: signed.order)
        let kind = order.flatMap { ActionKind(rawValue: $0.action.kind) }
        lanes[Lane(kind)]?.continuation.yield(
            Arrival(
                id: id, signed: signed, expiresAt: Timestamp(microseconds: order?.expiresAtUs ?? 0), kind: kind))
    }

    /// Asks until there is an answer; `nil` when cancelled.
    private func carryOut(_ arrival: Arrival) async -> OrderResult? {
        let begun = surroundings.now()
        var (wasSent, gaveKeys) = (false, false)
        var pause: Duration = .milliseconds(200)
        if arrival.kind == .isolate || arrival.kind == .release { containments += 1 }
        while !Task.isCancelled {
            do {
                say(arrival.id, .running)
                let result = try await enforcer.execute(arrival.signed, patience: .seconds(120))
                // An enforcer that was started just now may not have had the order keys yet.
                guard result.outcome == .refused(rule: "key"), !gaveKeys, let handOver = keysRefused else {
                    return result
                }
                gaveKeys = true
                await handOver()
                continue
            } catch let error as UplinkError {
                if error.isRefusal { return failure(arrival, begun, code: error.code, error.message) }
                wasSent = wasSent || error.code != "enforcer.unreachable"
                if !wasSent, surroundings.now() > arrival.expiresAt {
                    return failure(
                        arrival, begun, code: error.code, "Nothing was done before the order ended. \(error.message)")
                }
                logger.warning("\(error)", metadata: ["order": "\(arrival.id)"])
            } catch is CancellationError {
                return nil
            } catch {
                return failure(arrival, begun, code: "enforcer.confused", "The enforcer's answer cannot be read.")
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(30))
        }
        return nil
    }

    private func failure(_ arrival: Arrival, _ begun: Timestamp, code: String, _ message: String) -> OrderResult {
        OrderResult(
            order: arrival.id, outcome: .failed(code: code), message: message, startedAt: begun,
            finishedAt: surroundings.now())
    }

    private func probed(_ result: OrderResult, _ arrival: Arrival, _ generation: Int) async -> OrderResult {
        guard case .succeeded = result.outcome, let kind = arrival.kind else { return result }
        let looked = await probes.look(after: kind)
        guard !looked.isEmpty else { return result }
        guard generation == containments else { return result }
        return NetworkProbe.conclude(result, looked)
    }

    private func settle(_ arrival: Arrival, _ result: OrderResult) async {
        let message = Cordon_V1_OrderResult(result)
        kept[arrival.id] = .some(message)
        if case .refused = result.outcome { refused += 1 }
        do { try await files.keep(message, id: arrival.id) } catch {
            logger.error(
                "A result could not be written to disk.", metadata: ["order": "\(arrival.id)", "error": "\(error)"])
        }
        say(message)
        settled?.yield()
        if arrival.kind?.isLook == true { looked?.yield() }
    }

    // MARK: - Saying

    private var settled: AsyncStream<Void>.Continuation?
    private var keysRefused: (@Sendable () async -> Void)?

    private var looked: AsyncStream<Void>.Continuation?

    /// Hears of every order that may have brought evidence.
    func onLooked(_ listener: AsyncStream<Void>.Continuation) { looked = listener }

    /// Called when the enforcer refuses an order for its key: it may not have the set yet. Then the order is asked for once
    /// more.
    func onKeysRefused(_ handOver: @escaping @Sendable () async -> Void) { keysRefused = handOver }

    /// Hears of every order that was settled: what is in force may have changed.
    func onSettled(_ listener: AsyncStream<Void>.Continuation) { settled = listener }

    private func say(_ id: OrderID, _ stage: Cordon_V1_OrderProgress.Stage) {
        var message = Cordon_V1_AgentMessage()
        message.progress.orderID = id.data
        message.progress.stage = stage
        outbox?.yield(message)
    }

    private func say(_ result: Cordon_V1_OrderResult) {
        var message = Cordon_V1_AgentMessage()
        message.result = result
        outbox?.yield(message)
    }
}
