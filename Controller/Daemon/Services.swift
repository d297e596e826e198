internal import ControllerAPI
internal import ControllerCases
internal import ControllerFleet
internal import ControllerIntake
internal import ControllerPlaybooks
internal import ControllerStore
internal import ControllerWeb
internal import CordonModel
internal import CordonSignals
internal import Hummingbird
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import ServiceLifecycle

/// The playbook engine as a service.
struct Engine: Service {
    let engine: PlaybookEngine

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await engine.run() }
    }
}

/// What is done by the clock: leftovers at the start, then retention and the audit chain's checkpoints.
struct Housekeeping: Service {
    let database: Database
    let intake: Intake
    let cases: CaseBook
    let logger: Logger

    func run() async throws {
        await intake.resume()
        await cases.resume()
        await cancelWhenGracefulShutdown {
            var rounds = 0
            while (try? await Task.sleep(for: .seconds(10))) != nil {
                rounds += 1
                await keepHouse(sweeping: rounds.isMultiple(of: 30))
            }
        }
    }

    private func keepHouse(sweeping: Bool) async {
        await intake.resume()
        await cases.resume()
        do {
            try await database.checkpoint()
            if sweeping { _ = try await intake.sweep() }
        } catch {
            logger.error("housekeeping: \(error)")
        }
    }
}

/// The API and the console over TLS.
struct People: Service {
    private let application: any ApplicationProtocol
    private let changes: ChangeFeed

    init(_ services: APIServices, keys: FleetKeys, settings: ControllerSettings, logger: Logger) throws {
        let router = API.router(services)
        try Console(services, fleetName: keys.fleet).addRoutes(to: router)
        changes = services.changes
        application = Application(
            router: router,
            server: try .tls(
                .http1(configuration: .init(idleTimeout: .seconds(60))), tlsConfiguration: try Self.tls(keys)),
            configuration: .init(
                address: .hostname("\(settings.people.address)", port: Int(settings.people.port)), serverName: nil),
            onServerRunning: { _ in
                logger.notice("ready: agents on \(settings.agents), people on https://\(settings.people)")
                Readiness.notify("READY=1")
            },
            logger: logger)
    }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            changes.close()
        }
    }

    private static func tls(_ keys: FleetKeys) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(keys.certificateFile).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: keys.certificateKeyFile, format: .pem)))
        configuration.minimumTLSVersion = .tlsv13
        return configuration
    }
}
