internal import AgentSpool
internal import CordonLink
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging

/// Sends what the spool holds over a stream of its own and has the spool forget what the controller acknowledged.
///
/// Batches go out ahead of acknowledgements, at most `ahead` of them, so that a slow controller neither fills memory nor,
/// through the window of the connection, holds back the orders stream.
struct Shipper: Sendable {
    private static let ahead = 8

    let spool: Spool
    let metadata: Metadata
    let logger: Logger

    typealias Client = Cordon_V1_Link.Client<HTTP2ClientTransport.WrappedChannel>

    /// Ships until it is cancelled, which happens when the orders stream ends. A stream that ends alone is opened again after a
    /// while: a controller whose disk is full refuses logs, and orders go on meanwhile.
    func run(_ link: Client) async throws {
        var pause: Duration = .seconds(1)
        while !Task.isCancelled {
            do {
                try await stream(link)
                pause = .seconds(1)
            } catch let error as RPCError {
                guard !Task.isCancelled else { return }
                logger.info("Shipping was interrupted.", metadata: ["reason": "\(error.message.printable(limit: 300))"])
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(60))
        }
    }

    private func stream(_ link: Client) async throws {
        let credit = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<Self.ahead { credit.continuation.yield() }
        var options = CallOptions.defaults
        options.compression = .gzip
        try await link.ship(
            metadata: metadata,
            options: options,
            requestProducer: { writer in try await send(writer, credit: credit.stream) },
            onResponse: { response in
                defer { credit.continuation.finish() }
                for try await ack in response.messages {
                    await spool.acknowledge(epoch: [UInt8](ack.epoch), sequence: ack.sequence)
                    credit.continuation.yield()
                }
            }
        )
    }

    private func send(_ writer: RPCWriter<Cordon_V1_Batch>, credit: AsyncStream<Void>) async throws {
        var tokens = credit.makeAsyncIterator()
        // Nothing was sent on this stream yet: it starts with what is not acknowledged.
        var sent: [SpoolClass: UInt64] = [:]
        for await _ in spool.changes() {
            while let batch = try await spool.next(after: sent) {
                guard await tokens.next() != nil else { return }
                try await writer.write(batch.message())
                sent[batch.itemClass] = batch.last
            }
        }
    }
}
