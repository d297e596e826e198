package import CordonModel
package import CordonWire
internal import NIOCore
internal import NIOPosix
internal import SwiftProtobuf

/// Asks `cordon-enforcer` over its Unix socket.
///
/// Each request has a connection of its own: one that hangs never holds another back, an enforcer that was restarted needs
/// no reconnecting, and no answer can be taken for that of another request.
package struct EnforcerClient: Sendable {
    /// Bytes of one frame.
    static let frameLimit = 1 << 20

    private let path: String
    private let surroundings: Surroundings

    /// The path of the enforcer's socket.
    package init(socket path: String, surroundings: Surroundings) {
        self.path = path
        self.surroundings = surroundings
    }

    /// Has an order verified and carried out. Throws `UplinkError`: `enforcer.unreachable` when nothing was sent,
    /// `enforcer.lost` when it may have been.
    package func execute(_ order: Cordon_V1_SignedOrder, patience: Duration) async throws -> OrderResult {
        let response = try await ask({ $0.execute = order }, patience: patience)
        switch response.response {
        case .result(let result): return try result.model()
        case .error(let error) where error.code.hasPrefix("refused."):
            return try refusal(error, of: order)
        default: throw Self.unexpected(response)
        }
    }

    /// Has a key set verified and kept; the version now held.
    package func keep(_ keySet: Cordon_V1_SignedOrderKeySet) async throws -> UInt64 {
        let response = try await ask({ $0.keySet = keySet }, patience: .seconds(10))
        guard case .keySetAccepted(let accepted)? = response.response else { throw Self.unexpected(response) }
        return accepted.version
    }

    /// The next part of evidence, by what the controller has; `nil` when nothing more waits.
    func evidence(_ mark: Cordon_V1_EvidenceMark) async throws -> Cordon_V1_EvidencePart? {
        let response = try await ask({ $0.evidence = mark }, patience: .seconds(30))
        guard case .evidence(let part)? = response.response else { throw Self.unexpected(response) }
        return part.orderID.isEmpty ? nil : part
    }

    /// Hands an offer or a part of a package over, or asks; how far the upgrade is.
    func upgrade(_ fill: (inout Cordon_V1_EnforcerRequest) -> Void) async throws -> Cordon_V1_UpgradeState {
        let response = try await ask(fill, patience: .seconds(60))
        guard case .upgrade(let state)? = response.response else { throw Self.unexpected(response) }
        return state
    }

    /// Has standing orders verified and kept; the version now held.
    func keep(_ standing: Cordon_V1_SignedStandingOrders) async throws -> UInt64 {
        try await tell { $0.standingOrders = standing }.standingVersion
    }

    /// Has standing orders carried out for an alert that was raised while the controller cannot be reached.
    func contain(_ alert: Alert) async throws {
        guard let event = alert.evidence.last else { return }
        _ = try await tell {
            $0.trigger.rule = alert.rule.id
            $0.trigger.sourceIp = event.text(.sourceIP) ?? ""
            $0.trigger.destinationIp = event.text(.destinationIP) ?? ""
            $0.trigger.userName = event.text(.userName) ?? ""
        }
    }

    private func tell(_ fill: (inout Cordon_V1_EnforcerRequest) -> Void) async throws -> Cordon_V1_Done {
        let response = try await ask(fill, patience: .seconds(30))
        guard case .done(let done)? = response.response else { throw Self.unexpected(response) }
        return done
    }

    /// What the enforcer is and holds.
    /// - Parameters:
    ///   - revision: what is known already: the answer comes once it is another, or after the wait.
    ///   - isConnected: whether the controller is heard now.
    ///   - heard: notices that are kept here, to be forgotten there.
    package func status(
        after revision: UInt64 = 0, waiting: Duration = .zero, heard: [UInt64] = [], isConnected: Bool = false
    ) async throws -> Cordon_V1_EnforcerStatus {
        var request = Cordon_V1_StatusRequest()
        (request.revision, request.waitS, request.heard) = (revision, UInt32(clamping: waiting.wholeSeconds), heard)
        request.controllerHeard = isConnected
        let response = try await ask({ $0.status = request }, patience: waiting + .seconds(10))
        guard case .status(let status)? = response.response else { throw Self.unexpected(response) }
        return status
    }

    private func ask(
        _ fill: (inout Cordon_V1_EnforcerRequest) -> Void, patience: Duration
    ) async throws -> Cordon_V1_EnforcerResponse {
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 1
        fill(&request)
        let bytes: [UInt8] = try request.serializedBytes()
        let channel = try await connect()
        do {
            let answer = try await Deadline.within(patience) {
                try await channel.executeThenClose { inbound, outbound in
                    try await outbound.write(ByteBuffer(bytes: bytes))
                    for try await frame in inbound {
                        return try Cordon_V1_EnforcerResponse(serializedBytes: Array(buffer: frame))
                    }
                    throw Self.lost("it closed the connection without an answer")
                }
            }
            guard let answer else { throw Self.lost("it did not answer within \(patience.wholeSeconds) s") }
            return answer
        } catch let error as UplinkError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.lost(SocketFailure.text(error))
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        do {
            return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(.seconds(5))
                .connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            ByteToMessageHandler(LengthPrefixedDecoder()), MessageToByteHandler(LengthPrefixEncoder()))
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw UplinkError(
                code: "enforcer.unreachable",
                message: "The enforcer cannot be reached at \(path): \(SocketFailure.text(error)).",
                remedy: "Check that cordon-enforcer runs and that this user may use its socket.")
        }
    }

    /// What was refused before it could be given a place in the enforcer's journal.
    private func refusal(_ error: Cordon_V1_EnforcerError, of order: Cordon_V1_SignedOrder) throws -> OrderResult {
        guard let id = OrderID(bytes: try Cordon_V1_Order(serializedBytes: order.order).orderID) else {
            throw WireError("order_id is not 16 bytes")
        }
        let now = surroundings.now()
        return OrderResult(
            order: id, outcome: .refused(rule: String(error.code.dropFirst(8)).printable(limit: 200)),
            message: error.message.printable(limit: 500), startedAt: now, finishedAt: now)
    }

    private static func lost(_ why: String) -> UplinkError {
        UplinkError(
            code: "enforcer.lost", message: "The enforcer did not answer: \(why).",
            remedy: "The agent asks again by itself; the enforcer never does one order twice.")
    }

    private static func unexpected(_ response: Cordon_V1_EnforcerResponse) -> UplinkError {
        guard case .error(let error)? = response.response else {
            return UplinkError(
                code: "enforcer.confused", message: "The enforcer answered something else than was asked.")
        }
        // An order that is being carried out still, as after this agent was restarted: its result is asked for again.
        return UplinkError(
            code: error.code.printable(limit: 100), message: error.message.printable(limit: 500),
            isRefusal: error.code != "order.running")
    }
}

/// A length of 4 bytes, big-endian, then so many bytes.
struct LengthPrefixedDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(buffer: inout ByteBuffer) throws -> ByteBuffer? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard length <= EnforcerClient.frameLimit else {
            throw UplinkError(code: "enforcer.frame", message: "A frame of the enforcer's socket is longer than 1 MiB.")
        }
        guard buffer.readableBytes >= 4 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        return buffer.readSlice(length: Int(length))
    }

    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> ByteBuffer? {
        try decode(buffer: &buffer)
    }
}

/// The other direction of `LengthPrefixedDecoder`.
struct LengthPrefixEncoder: MessageToByteEncoder {
    typealias OutboundIn = ByteBuffer

    func encode(data: ByteBuffer, out: inout ByteBuffer) throws {
        out.writeInteger(UInt32(data.readableBytes))
        out.writeImmutableBuffer(data)
    }
}
