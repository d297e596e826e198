import CordonModel
import CordonOrders
import CordonTrust
import NIOHPACK
import Testing

@testable import ControllerFleet

private let openssl = "/usr/bin/openssl"

/// What a peer does that is not our agent: `openssl s_client` and bytes.
@Suite("TLS", .timeLimit(.minutes(2)), .enabled(if: KeyFile.exists(openssl), "there is no openssl here"))
struct TLSTests {
    let scratch = ScratchFolder()

    /// Opens a stream through s_client and gives the code that it was refused with.
    private func refusal(
        at port: UInt16, _ arguments: [String], metadata: [(String, String)] = [("cordon-contract", "1")]
    ) async throws -> String? {
        try await blocking { try Self.refusal(at: port, arguments, metadata) }
    }

    private static func refusal(at port: UInt16, _ arguments: [String], _ metadata: [(String, String)]) throws
        -> String?
    {
        let command = try Command(
            openssl, ["s_client", "-quiet", "-connect", "127.0.0.1:\(port)", "-alpn", "h2", "-tls1_3"] + arguments)
        command.write(try RawStream.request(path: "/cordon.v1.Link/Orders", metadata: metadata))
        var seen: [UInt8] = []
        while let more = command.read() {
            seen += more
            if let headers = try RawStream.headers(in: seen) { return headers.first(name: "cordon-code") }
        }
        return nil
    }

    /// Writes an agent's certificate and key where openssl can read them.
    private func files(of agent: TestAgent) throws -> [String] {
        let path = "\(scratch.path).agent"
        try KeyFile.write(agent.certificate, to: "\(path).der")
        try KeyFile.write(Array(agent.privateKeyPEM.utf8), to: "\(path).key")
        return ["-cert", "\(path).der", "-certform", "DER", "-key", "\(path).key"]
    }

    @Test("a resumed session is known without a certificate, and refused at the stream once the agent is revoked")
    func refusesTickets() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let ticket = "\(scratch.path).ticket"
            #expect(
                try await refusal(at: controller.port, files(of: agent) + ["-sess_out", ticket]) == "link.no_machine")
            #expect(KeyFile.exists(ticket))
            // Nothing but the ticket: that it is asked for its machine shows that the session was resumed as the agent's.
            #expect(try await refusal(at: controller.port, ["-sess_in", ticket]) == "link.no_machine")
            // The registry alone, so that the ticket still opens the session: the stream must be refused all the same.
            _ = controller.fleet.registry.revoke(agent.id, .init(at: controller.clock.now, by: "ada", reason: "stolen"))
            #expect(try await refusal(at: controller.port, ["-sess_in", ticket]) == "host.revoked")
        }
    }

    @Test("a revocation makes every ticket worthless: the session is not resumed at all")
    func dropsTickets() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            let ticket = "\(scratch.path).ticket"
            #expect(
                try await refusal(at: controller.port, files(of: agent) + ["-sess_out", ticket]) == "link.no_machine")
            try await controller.fleet.revoke(agent.id, by: Controller.admin, reason: "stolen")
            #expect(try await refusal(at: controller.port, ["-sess_in", ticket]) == "link.no_certificate")
            #expect(try await refusal(at: controller.port, files(of: agent)) == "host.revoked")
        }
    }

    @Test("a peer cannot say which connection it is on")
    func ignoresForgedStamps() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { _ in
                let victim = try #require(controller.fleet.connections.all.first { $0.agent == agent.id })
                let forged = [("cordon-contract", "1"), ("cordon-connection", String(victim.id, radix: 16))]
                #expect(try await refusal(at: controller.port, [], metadata: forged) == "link.no_certificate")
            }
        }
    }

    @Test("TLS 1.2 is refused")
    func refusesOldTLS() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let arguments = ["s_client", "-connect", "127.0.0.1:\(controller.port)", "-alpn", "h2"]
            let old = try await blocking {
                String(decoding: try Command.run(openssl, arguments + ["-tls1_2"]), as: UTF8.self)
            }
            let new = try await blocking {
                String(decoding: try Command.run(openssl, arguments + ["-tls1_3"]), as: UTF8.self)
            }
            #expect(!old.contains("BEGIN CERTIFICATE"))
            #expect(new.contains("BEGIN CERTIFICATE"))
        }
    }

    /// The certificate that the listener presents now, PEM.
    private func presented(at port: UInt16) async throws -> String {
        let arguments = ["s_client", "-connect", "127.0.0.1:\(port)", "-alpn", "h2", "-tls1_3"]
        let text = try await blocking { String(decoding: try Command.run(openssl, arguments), as: UTF8.self) }
        let lines = text.split(separator: "\n").drop { !$0.hasPrefix("-----BEGIN") }.prefix {
            !$0.hasPrefix("-----END")
        }
        return lines.joined()
    }

    @Test(
        "a new controller certificate is presented without a restart, connections that are open stay open, and a broken one changes nothing"
    )
    func reloads() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                let before = try await presented(at: controller.port)
                try controller.keys.issueControllerCertificate(at: controller.clock.now)
                let after = try await eventually("the new certificate") {
                    let now = try await presented(at: controller.port)
                    return now != before && !now.isEmpty ? now : nil
                }
                try KeyFile.write(Array("nonsense".utf8), to: controller.keys.certificateFile)
                #expect(throws: (any Error).self) { try controller.fleet.reloadCertificate() }
                #expect(try await presented(at: controller.port) == after)
                let order = try await controller.fleet.submit(
                    controller.request(.release, of: agent), by: Controller.admin)
                #expect(try await stream.order().order.id == order.id)
            }
        }
    }
}
