import CordonLink
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf

/// An agent's side of the link with nothing of our own agent in it: the generated stubs over the library's client.
struct TestAgent: Sendable {
    var id: AgentID
    var machine: Fingerprint
    var certificate: [UInt8]
    var privateKeyPEM: String
    var authority: [UInt8]
    var port: UInt16

    typealias Transport = HTTP2ClientTransport.Posix

    /// Enrols over TLS that trusts what the token pins.
    static func enrol(_ token: EnrolmentToken, at port: UInt16, machine: String, secret: [UInt8]? = nil) async throws
        -> TestAgent
    {
        let request = try CertificateRequest()
        let mark = Fingerprint.machine(machineID: machine)
        let response = try await withGRPCClient(transport: try transport(to: port)) { client in
            try await Cordon_V1_Enrolment.Client(wrapping: client).enrol(
                .with {
                    $0.tokenID = Data(token.id.uuid.bytes)
                    $0.tokenSecret = Data(secret ?? token.secret)
                    $0.csr = Data(request.der)
                    $0.machine = Data(mark.bytes)
                    $0.hostname = "web-1"
                }, options: .short)
        }
        guard let id = AgentID(bytes: response.agentID) else {
            throw RPCError(code: .internalError, message: "no agent")
        }
        return TestAgent(
            id: id, machine: mark, certificate: Array(response.certificate), privateKeyPEM: request.privateKeyPEM,
            authority: Array(response.authority), port: port)
    }

    /// Any certificate is taken: these tests are about the other side.
    static func transport(to port: UInt16, as agent: TestAgent? = nil) throws -> Transport {
        try Transport(
            target: .ipv4(address: "127.0.0.1", port: Int(port)),
            transportSecurity: .tls { tls in
                tls.serverCertificateVerification = .noVerification
                guard let agent else { return }
                tls.certificateChain = [.bytes(agent.certificate, format: .der)]
                tls.privateKey = .bytes(Array(agent.privateKeyPEM.utf8), format: .pem)
            })
    }

    var metadata: Metadata {
        var metadata: Metadata = ["cordon-contract": "1"]
        metadata.addBinary(machine.bytes, forKey: "cordon-machine-bin")
        return metadata
    }

    /// Makes calls as this agent.
    func call<Value: Sendable>(
        _ body: @Sendable @escaping (Cordon_V1_Link.Client<Transport>) async throws -> Value
    ) async throws -> Value {
        try await withGRPCClient(transport: try Self.transport(to: port, as: self)) { client in
            try await body(Cordon_V1_Link.Client(wrapping: client))
        }
    }

    /// Renews, and is the agent with the new certificate.
    func renewed() async throws -> TestAgent {
        let request = try CertificateRequest()
        let response = try await call { link in
            try await link.renew(.with { $0.csr = Data(request.der) }, metadata: metadata, options: .short)
        }
        var renewed = self
        renewed.certificate = Array(response.certificate)
        renewed.privateKeyPEM = request.privateKeyPEM
        return renewed
    }

    /// Holds an order stream while the body runs, Hello and Welcome done.
    func connected<Value: Sendable>(_ body: @Sendable @escaping (TestStream) async throws -> Value) async throws
        -> Value
    {
        try await call { link in
            let stream = TestStream()
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask {
                    await stream.run(link, metadata)
                    return nil
                }
                group.addTask {
                    stream.send(
                        .with {
                            $0.hello.contract = 1
                            $0.hello.facts.hostname = "web-1"
                        })
                    _ = try await stream.next { if case .welcome? = $0.message { true } else { nil } }
                    let value = try await body(stream)
                    stream.end()
                    return value
                }
                defer { group.cancelAll() }
                for try await value in group { if let value { return value } }
                throw RPCError(code: .internalError, message: "the stream ended")
            }
        }
    }

    /// What becomes of a stream that the controller should refuse.
    func refusal() async -> RPCError? {
        do {
            try await connected { _ in }
            return nil
        } catch { return error as? RPCError }
    }
}

/// One order stream in both directions.
final class TestStream: Sendable {
    private let outgoing:
        (stream: AsyncStream<Cordon_V1_AgentMessage>, continuation: AsyncStream<Cordon_V1_AgentMessage>.Continuation)
    private let incoming:
        (
            stream: AsyncThrowingStream<Cordon_V1_ControllerMessage, any Error>,
            continuation: AsyncThrowingStream<Cordon_V1_ControllerMessage, any Error>.Continuation
        )

    init() {
        outgoing = AsyncStream.makeStream()
        incoming = AsyncThrowingStream.makeStream()
    }

    func run(_ link: Cordon_V1_Link.Client<TestAgent.Transport>, _ metadata: Metadata) async {
        do {
            try await link.orders(metadata: metadata) { writer in
                for await message in self.outgoing.stream { try await writer.write(message) }
            } onResponse: { response in
                for try await message in response.messages { self.incoming.continuation.yield(message) }
            }
            incoming.continuation.finish()
        } catch {
            incoming.continuation.finish(throwing: error)
        }
    }

    func send(_ message: Cordon_V1_AgentMessage) { outgoing.continuation.yield(message) }

    func end() { outgoing.continuation.finish() }

    /// The first message that is of the kind; throws the status when the stream ends before.
    func next<Value>(_ match: (Cordon_V1_ControllerMessage) -> Value?) async throws -> Value {
        for try await message in incoming.stream { if let value = match(message) { return value } }
        throw RPCError(code: .unavailable, message: "the stream ended")
    }

    /// The next order, with its signature.
    func order() async throws -> (order: CordonOrders.Order, signed: Cordon_V1_SignedOrder) {
        let signed = try await next { if case .order(let order)? = $0.message { order } else { nil } }
        return (try Cordon_V1_Order(serializedBytes: signed.order).model(), signed)
    }

    /// Waits until the controller ends the stream, and says with what.
    func status() async -> RPCError? {
        do {
            for try await _ in incoming.stream {}
            return nil
        } catch { return error as? RPCError }
    }

    func progress(_ id: OrderID, _ stage: Cordon_V1_OrderProgress.Stage) {
        send(
            .with {
                $0.progress.orderID = Data(id.uuid.bytes)
                $0.progress.stage = stage
            })
    }

    /// Answers an order and waits for the acknowledgement.
    func answer(_ id: OrderID, _ outcome: Outcome, message: String = "done") async throws {
        let result = OrderResult(
            order: id, outcome: outcome, message: message, startedAt: Timestamp(seconds: 1),
            finishedAt: Timestamp(seconds: 2),
            proof: Proof(applied: ["table inet cordon_isolation"]))
        send(.with { $0.result = Cordon_V1_OrderResult(result) })
        let acknowledged = try await next { if case .resultAck(let ack)? = $0.message { ack.orderID } else { nil } }
        guard acknowledged == Data(id.uuid.bytes) else {
            throw RPCError(code: .internalError, message: "another order's ack")
        }
    }
}

extension CallOptions {
    /// A call that has an answer soon or never.
    static var short: CallOptions {
        var options = CallOptions.defaults
        options.timeout = .seconds(10)
        return options
    }
}

extension RPCError {
    /// The stable code that the controller gave.
    var cordonCode: String? { metadata[stringValues: "cordon-code"].first { _ in true } }
}
