internal import ControllerAPI
internal import ControllerCases
internal import ControllerFleet
internal import ControllerIntake
internal import ControllerPlaybooks
internal import ControllerStore
internal import ControllerWeb
internal import CordonModel
internal import CordonSignals
internal import Glibc
internal import Hummingbird
internal import HummingbirdTLS
internal import Logging
internal import NIOCertificateReloading
internal import NIOCore
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
    private let certificate: TimedCertificateReloader
    private let address: CordonModel.Endpoint
    private let link: LinkServer

    /// - Parameter link: Listens before people are served: a controller that is ready is ready for both.
    init(
        _ services: APIServices, after link: LinkServer, _ preparations: Preparations, fleet: String,
        settings: ControllerSettings, logger: Logger
    ) throws {
        self.link = link
        let router = API.router(services)
        try Console(services, fleetName: fleet).addRoutes(to: router)
        changes = services.changes
        certificate = preparations.certificate
        address = settings.people
        let sources = ConnectionSources()
        application = Application(
            router: router,
            server: try .tls(
                .http1(configuration: .init(additionalChannelHandlers: [RequestGuard(sources)])),
                tlsConfiguration: preparations.tls),
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
            try await withThrowingTaskGroup { group in
                group.addTask { try await certificate.run() }
                group.addTask { try await serve() }
                // Whichever ends first ends the other: by the group's shutdown, or by an error.
                try await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            changes.close()
        }
    }

    private func serve() async throws {
        guard await link.port != nil else { return }
        do { try await application.run() } catch let error as IOError {
            let isTaken = error.errnoCode == EADDRINUSE
            throw ControllerError(
                "people.cannot_listen",
                isTaken
                    ? "Another program listens on \(address) already."
                    : "People cannot be served on \(address): \(error).",
                remedy: isTaken ? "Stop it, or set another address with --api." : "Set another address with --api.")
        }
    }
}
