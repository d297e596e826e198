internal import CordonLink
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging
internal import SwiftProtobuf
internal import Synchronization

/// Carries upgrades from the controller to the enforcer, which alone judges them and says what it wants of them; nothing is
/// looked at here. What the enforcer says of them goes up.
final class ReleaseCourier: Sendable {
    typealias Client = Cordon_V1_Link.Client<HTTP2ClientTransport.WrappedChannel>

    /// How often the enforcer is asked how far it is.
    private static let interval: Duration = .seconds(10)

    private let enforcer: EnforcerClient
    private let logger: Logger
    private let offer = Mutex(Offer())
    private let news: AsyncStream<Void>
    private let teller: AsyncStream<Void>.Continuation

    private struct Offer {
        var newest: Cordon_V1_UpgradeOffer?
        /// Counts them.
        var number = 0
    }

    init(enforcer: EnforcerClient, logger: Logger) {
        self.enforcer = enforcer
        self.logger = logger
        (news, teller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Only the newest offer counts.
    func offered(_ newest: Cordon_V1_UpgradeOffer) {
        offer.withLock { $0 = Offer(newest: newest, number: $0.number + 1) }
        teller.yield()
    }

    /// Carries until it is cancelled.
    func run(_ link: Client, _ metadata: Metadata, telling mouth: AsyncStream<Cordon_V1_AgentMessage>.Continuation)
        async
    {
        teller.yield()
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { self.teller.yield() }
            }
            var (told, ended) = (Cordon_V1_UpgradeState?.none, -1)
            for await _ in news {
                let (offer, number) = offer.withLock { ($0.newest, $0.number) }
                guard number != ended else { continue }
                do {
                    var state = try await enforcer.upgrade {
                        if let offer { $0.upgrade = offer } else { $0.upgradeState = Cordon_V1_UpgradeQuestion() }
                    }
                    while true {
                        if state != told { mouth.yield(.with { $0.upgrade = state }) }
                        told = state
                        guard state.hasWant, self.offer.withLock({ $0.number }) == number else { break }
                        var options = CallOptions.defaults
                        options.timeout = .seconds(60)
                        let part = try await link.fetchRelease(state.want, metadata: metadata, options: options)
                        state = try await enforcer.upgrade { $0.releasePart = part }
                    }
                    // One that was refused may be taken later: its hours come, or room on the disk.
                    let isOver = ![.fetching, .installing, .refused].contains(state.stage)
                    // What is installed is not told while dpkg is in the middle of it.
                    if isOver, !state.architecture.isEmpty { ended = number }
                } catch {
                    logger.debug("An upgrade waits.", metadata: ["reason": "\(error)"])
                }
            }
        }
    }
}
