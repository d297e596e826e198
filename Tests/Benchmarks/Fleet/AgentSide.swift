import CordonLink
import CordonModel
import CordonTrust
import CordonWire
import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf

/// One agent: a certificate of its own and a connection that it keeps up.
struct AgentSide: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix

    let certificate: [UInt8]
    let key: String
    let machine: [UInt8]
    let port: UInt16

    /// Enrols that many agents over real calls with one token.
    static func enrol(_ count: Int, at port: UInt16, token text: String) async throws -> [AgentSide] {
        let token = try EnrolmentToken(text: text)
        return try await withGRPCClient(transport: try transport(to: port, as: nil)) { client in
            let enrolment = Cordon_V1_Enrolment.Client(wrapping: client)
            return try await withThrowingTaskGroup(of: AgentSide.self) { group in
                var agents: [AgentSide] = []
                for index in 0..<count {
                    if index >= 8, let agent = try await group.next() { agents.append(agent) }
                    group.addTask { try await enrol(index, token, over: enrolment, port) }
                }
                for try await agent in group { agents.append(agent) }
                return agents
            }
        }
    }

    private static func enrol(
        _ index: Int, _ token: EnrolmentToken, over client: Cordon_V1_Enrolment.Client<Transport>, _ port: UInt16
    ) async throws -> AgentSide {
        let request = try CertificateRequest()
        let machine = Fingerprint.machine(machineID: "bench-\(index)").bytes
        let response = try await client.enrol(
            .with {
                $0.tokenID = Data(token.id.uuid.bytes)
                $0.tokenSecret = Data(token.secret)
                $0.csr = Data(request.der)
                $0.machine = Data(machine)
                $0.hostname = "bench-\(index)"
            })
        return AgentSide(
            certificate: Array(response.certificate), key: request.privateKeyPEM, machine: machine, port: port)
    }

    private static func transport(to port: UInt16, as agent: AgentSide?) throws -> Transport {
        try Transport(
            target: .ipv4(address: "127.0.0.1", port: Int(port)),
            transportSecurity: .tls { tls in
                tls.serverCertificateVerification = .noVerification
                guard let agent else { return }
                tls.certificateChain = [.bytes(agent.certificate, format: .der)]
                tls.privateKey = .bytes(Array(agent.key.utf8), format: .pem)
            })
    }

    /// Connects, answers orders, and comes back at once when it is dropped: the worst that agents can do to a controller.
    func stayConnected() async {
        while !Task.isCancelled {
            try? await withGRPCClient(transport: try Self.transport(to: port, as: self)) { client in
                try await serve(Cordon_V1_Link.Client(wrapping: client))
            }
        }
    }

    private func serve(_ link: Cordon_V1_Link.Client<Transport>) async throws {
        var metadata: Metadata = ["cordon-contract": "1"]
        metadata.addBinary(machine, forKey: "cordon-machine-bin")
        let (outgoing, feed) = AsyncStream.makeStream(of: Cordon_V1_AgentMessage.self)
        feed.yield(.with { $0.hello.contract = 1 })
        try await link.orders(metadata: metadata) { writer in
            for await message in outgoing { try await writer.write(message) }
        } onResponse: { response in
            defer { feed.finish() }
            for try await message in response.messages {
                guard case .order(let signed)? = message.message else { continue }
                let order = try Cordon_V1_Order(serializedBytes: signed.order)
                for stage in [Cordon_V1_OrderProgress.Stage.received, .running] {
                    feed.yield(
                        .with {
                            $0.progress.orderID = order.orderID
                            $0.progress.stage = stage
                        })
                }
                feed.yield(
                    .with {
                        $0.result.orderID = order.orderID
                        $0.result.outcome = .succeeded
                    })
            }
        }
    }
}
