internal import CordonLink
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging
internal import Synchronization

/// Carries evidence from the enforcer to the controller: the controller says what it wants, the enforcer gives it, and
/// nothing of either is looked at here.
///
/// One part is under way at a time, so that orders, alerts and logs find the connection free. Where either side was
/// killed or the link was cut, the controller says how far it has come.
struct EvidenceCourier: Sendable {
    typealias Client = Cordon_V1_Link.Client<HTTP2ClientTransport.WrappedChannel>

    /// How often it is looked for evidence that nobody told of.
    private static let interval: Duration = .seconds(30)

    let enforcer: EnforcerClient
    let desk: OrderDesk
    let metadata: Metadata
    let logger: Logger

    /// Carries until it is cancelled.
    func run(_ link: Client) async {
        let (news, teller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await desk.onLooked(teller)
        teller.yield()
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { teller.yield() }
            }
            var pause: Duration = .milliseconds(250)
            for await _ in news {
                if await carryAll(link) {
                    pause = .milliseconds(250)
                    continue
                }
                // The controller has no room, or not the order's result yet.
                let wait = pause
                pause = min(pause * 2, Self.interval)
                group.addTask {
                    try? await Task.sleep(for: wait)
                    teller.yield()
                }
            }
        }
    }

    /// Whether all that there is was taken.
    private func carryAll(_ link: Client) async -> Bool {
        do {
            guard let first = try await enforcer.evidence(Cordon_V1_EvidenceMark()) else { return true }
            return try await carry(first, link)
        } catch {
            if !Task.isCancelled { logger.debug("Evidence waits.", metadata: ["reason": "\(error)"]) }
            return false
        }
    }

    private func carry(_ first: Cordon_V1_EvidencePart, _ link: Client) async throws -> Bool {
        let (marks, teller) = AsyncStream.makeStream(of: Cordon_V1_EvidenceMark.self)
        let isWhole = Mutex(true)
        try await link.evidence(
            metadata: metadata,
            requestProducer: { writer in
                var part = first
                var said = marks.makeAsyncIterator()
                while true {
                    try await writer.write(part)
                    guard let mark = await said.next(), let next = try await enforcer.evidence(mark) else { return }
                    part = next
                }
            },
            onResponse: { response in
                defer { teller.finish() }
                for try await mark in response.messages {
                    if mark.state != .wanted, mark.state != .kept { isWhole.withLock { $0 = false } }
                    teller.yield(mark)
                }
            }
        )
        return isWhole.withLock { $0 }
    }
}
