import ControllerAPI
import ControllerFleet
import CordonModel
import CordonTrust
import FoundationEssentials
import Hummingbird
import HummingbirdTLS
import HummingbirdTesting
import Logging
import NIOSSL
import Testing

/// The real `cordon` against the API over TLS with a fleet's own certificates.
@Suite("The command line over TLS")
struct SecureTests {
    @Test("the fingerprint of the authority is enough to sign in, and everything afterwards is pinned to it")
    func fingerprint() async throws {
        let controller = try await SecureController()
        let desk = try Desk()
        try await controller.serve { url in
            let right = try await login(
                desk, url, ["--fingerprint", "\(controller.keys.authority.anchor.fingerprint)"])
            #expect(right.status == 0, "\(right.errors)")
            let hosts = try await Program.start(Program.cordon, ["hosts"], environment: ["HOME": desk.home])
            #expect(hosts.status == 0, "\(hosts.errors)")
        }
    }

    @Test("the authority's certificate in a file is enough too")
    func file() async throws {
        let controller = try await SecureController()
        let desk = try Desk()
        let file = desk.home + "/authority.pem"
        try Data(controller.keys.authority.anchor.pem.utf8).write(to: URL(filePath: file))
        try await controller.serve { url in
            let outcome = try await login(desk, url, ["--ca-file", file])
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test("no password goes to a controller of another fleet, or of none that is known")
    func strangers() async throws {
        let (controller, other) = (try await SecureController(), try await SecureController())
        let desk = try Desk()
        let file = desk.home + "/other.pem"
        try Data(other.keys.authority.anchor.pem.utf8).write(to: URL(filePath: file))
        try await controller.serve { url in
            let proofs = [["--fingerprint", "\(other.keys.authority.anchor.fingerprint)"], ["--ca-file", file], []]
            for proof in proofs {
                let outcome = try await login(desk, url, proof)
                #expect(outcome.status == 4, "\(proof): \(outcome.output)\(outcome.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: desk.config))
        }
    }

    private func login(_ desk: Desk, _ url: String, _ proof: [String]) async throws -> Program.Outcome {
        try await Program.start(
            Program.cordon, ["login", url, "--user", "viewer", "--password-stdin"] + proof,
            environment: ["HOME": desk.home],
            input: WebFixture.password + "\n"
        )
    }
}

/// The API behind TLS 1.3 with the certificate of a fleet that was made for it.
final class SecureController: Sendable {
    let fixture: APIFixture
    let keys: FleetKeys
    private let folder: String

    init() async throws {
        folder = FileManager.default.temporaryDirectory.path + "/cordon-tls-\(UInt64.random(in: 0 ... .max))"
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        _ = try FleetSetup.create(
            folder: folder, fleetName: "acme", addresses: ["127.0.0.1"], rootKeyFile: folder + ".root", at: now)
        keys = try FleetKeys.load(folder: folder)
        fixture = try await APIFixture(isSecure: true, authorityPEM: keys.authority.anchor.pem)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: folder + ".root")
    }

    func serve(_ body: @escaping @Sendable (_ url: String) async throws -> Void) async throws {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(keys.certificateFile).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: keys.certificateKeyFile, format: .pem))
        )
        tls.minimumTLSVersion = .tlsv13
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: API.router(fixture.services), server: try .tls(.http1(), tlsConfiguration: tls),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: logger
        )
        try await application.test(.live) { client in
            try await body("https://127.0.0.1:\(try #require(client.port))")
        }
    }
}
