internal import AgentCollect
internal import AgentDetect
internal import AgentHunt
internal import AgentSpool
internal import AgentUplink
internal import ArgumentParser
internal import CLinux
internal import CordonModel
internal import CordonSignals
internal import CordonTrust
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// `cordon-agent run`: the daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon until it is told to stop.",
        discussion: """
            EXAMPLES
              cordon-agent run --config ./agent.toml
            """
    )

    @OptionGroup var settingsOption: SettingsOption

    func run() async throws {
        clinux_limit_arenas(2)
        clinux_ignore_sigpipe()
        let settings: AgentSettings
        do { settings = try AgentSettings.load(settingsOption.path, required: settingsOption.isNamed) } catch {
            try fail(error)
        }
        LogOutput.bootstrap(level: settings.logLevel)
        let logger = Logger(label: "cordon.agent")
        do {
            try await Self.group(settings, logger: logger).run()
            logger.notice("Stopped.")
        } catch {
            logger.critical("\(error)")
            throw ExitCode(1)
        }
    }

    /// The daemon's parts, put together.
    static func group(_ settings: AgentSettings, logger: Logger) throws -> ServiceGroup {
        let surroundings = Surroundings.live
        try KeyFile.makeFolder(settings.state)
        let spool = try Spool(folder: settings.spoolFolder, limits: settings.spool, surroundings: surroundings)
        let detector = Detector(ssh: settings.detection, surroundings: surroundings)
        let raised = AsyncStream.makeStream(of: Alert.self, bufferingPolicy: .bufferingNewest(100))
        let collecting = try Collecting(
            settings, spool: spool, detector: detector, surroundings: surroundings, raised: raised.continuation)
        let uplink = try Uplink(
            try settings.uplink(), spool: spool, surroundings: surroundings, logger: logger,
            hunter: Hunter(journal: settings.huntedJournal, logger: logger), alerts: raised.stream,
            sources: { collecting.sources },
            rules: { try detector.install($0) })
        uplink.restoreRules()
        let presence = Presence(
            file: settings.statusFile, uplink: uplink, spool: spool, collecting: collecting, surroundings: surroundings)
        logger.notice(
            "Starting.", metadata: ["agent": "\(uplink.identity.agent)", "fleet": "\(uplink.identity.fleet)"])
        let services: [any Service] = [collecting, uplink, presence]
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: $0, successTerminationBehavior: .ignore,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        return ServiceGroup(configuration: configuration)
    }

    private func fail(_ error: any Error) throws -> Never {
        print("cordon-agent: \(error)", to: &standardError)
        throw ExitCode(1)
    }
}

/// Collecting as a service.
struct Collecting: Service {
    private let collector: Collector

    init(
        _ settings: AgentSettings, spool: Spool, detector: Detector, surroundings: Surroundings,
        raised: AsyncStream<Alert>.Continuation
    ) throws {
        collector = Collector(
            sources: settings.sources(surroundings),
            keeping: SpoolKeeping(spool: spool, earlier: try PositionStore(path: settings.positionsFile)),
            normalizer: Normalizer(zoneOffset: LocalTime.offset),
            surroundings: surroundings,
            inspect: { event in
                let alerts = detector.inspect(event)
                for alert in alerts { raised.yield(alert) }
                return alerts
            })
    }

    /// What is collected from, and what of it cannot be read now.
    var sources: [SourceState] { collector.states.all }

    func run() async throws {
        await cancelWhenGracefulShutdown { await collector.run() }
    }
}
