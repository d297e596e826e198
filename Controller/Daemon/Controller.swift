internal import AsyncHTTPClient
internal import ControllerAPI
internal import ControllerAccess
internal import ControllerCases
internal import ControllerFleet
internal import ControllerIntake
internal import ControllerPlaybooks
internal import ControllerStore
internal import ControllerWeb
internal import CordonModel
internal import CordonOrders
internal import CordonSignals
internal import CordonTrust
internal import Hummingbird
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// The composition root: every concrete part, made and joined once.
struct Controller: Sendable {
    private let database: Database
    private let group: ServiceGroup

    /// Opens the folder and puts the parts together. Nothing listens yet.
    static func build(keys: FleetKeys, settings: ControllerSettings, logger: Logger) async throws -> Controller {
        let surroundings = Surroundings.live
        let preparations = try Preparations(keys: keys, settings: settings)
        try DataFolder.make(settings.data)
        let database = try Database(folder: settings.data, auditKey: keys.auditKey)
        let changes = ChangeFeed(epoch: surroundings.random())
        let news = CaseNews()
        let cases = caseBook(database, settings, news: news, changes: changes, surroundings, logger)
        let intake = Intake(
            repository: IntakeStore(database: database), cases: CaseOpener(cases: cases),
            settings: IntakeSettings(retention: settings.retention), surroundings: surroundings,
            logger: logger, changed: { changes.publish($0) })
        let rules = try await RuleDelivery.load(database, surroundings)
        var fleetSettings = FleetSettings()
        fleetSettings.huntRetention = settings.huntRetention
        fleetSettings.evidenceRetention = settings.evidenceRetention
        fleetSettings.evidenceBytes = settings.evidenceBytes
        let fleet = try await fleet(
            keys, database, fleetSettings, rulePacks: rules.source,
            hooks: hooks(intake, news: news, cases: cases, changes: changes, surroundings, logger),
            surroundings, logger)
        let library = PlaybookLibrary(folder: "\(settings.data)/playbooks")
        let runs = RunStore(database: database)
        let engine = PlaybookEngine(
            library: library, repository: runs, performer: Performer(fleet: fleet, calls: preparations.calls),
            hosts: HostDirectory(fleet: fleet), surroundings: surroundings,
            hooks: engineHooks(cases, changes, logger))
        news.join(engine: engine, fleet: fleet)
        rules.join(fleet)
        let services = APIServices(
            access: Access(repository: AccessStore(database: database), surroundings: surroundings), fleet: fleet,
            intake: intake,
            cases: cases, library: library, engine: engine, runs: runs, rules: rules.packs,
            audit: AuditDesk(
                database: database, reader: AuditReader(database: database, key: keys.auditKey.verifyingKey),
                key: keys.auditKey.verifyingKey),
            changes: changes, surroundings: surroundings, agentAddress: preparations.agentAddress, isSecure: true,
            authorityPEM: keys.authority.anchor.pem)
        let link = try LinkServer(fleet: fleet, listen: settings.agents)
        let parts: [any Service] = [
            fleet, link, Engine(engine: engine),
            Housekeeping(database: database, intake: intake, cases: cases, logger: logger),
            try People(services, after: link, preparations, fleet: keys.fleet, settings: settings, logger: logger),
        ]
        return Controller(database: database, group: group(parts, changes: changes, logger: logger))
    }

    /// Serves until told to stop.
    func run() async throws {
        defer { try? database.close() }
        try await group.run()
        try await database.checkpoint()
    }

    // MARK: - Parts

    private static func caseBook(
        _ database: Database, _ settings: ControllerSettings, news: CaseNews, changes: ChangeFeed,
        _ surroundings: Surroundings,
        _ logger: Logger
    ) -> CaseBook {
        CaseBook(
            repository: CaseStore(database: database), rules: settings.rules, surroundings: surroundings,
            logger: logger,
            hooks: CaseHooks(
                changed: { changes.publish($0) },
                startPlaybook: { try await news.start($0) }))
    }

    private static func fleet(
        _ keys: FleetKeys, _ database: Database, _ settings: FleetSettings, rulePacks: RulePackSource,
        hooks: FleetHooks, _ surroundings: Surroundings, _ logger: Logger
    ) async throws -> Fleet {
        let store = FleetStore(database)
        return try await Fleet.load(
            keys: keys, stores: store.stores, hooks: hooks,
            rulePacks: rulePacks, settings: settings, surroundings: surroundings, log: logger)
    }

    private static func hooks(
        _ intake: Intake, news: CaseNews, cases: CaseBook, changes: ChangeFeed, _ surroundings: Surroundings,
        _ logger: Logger
    ) -> FleetHooks {
        FleetHooks(
            received: { batch, agent in _ = try await intake.ingest(ShippedBatch(batch, from: agent), from: agent) },
            orderChanged: { record in
                changes.publish(
                    Change(
                        topic: .order, id: "\(record.id)",
                        summary: "\(record.order.action.kind.rawValue) \(record.state.rawValue)",
                        at: record.changedAt))
                await OrderTimeline.tell(record, in: cases, logger: logger)
                await news.orderChanged(record)
            },
            hostChanged: { record in
                changes.publish(
                    Change(
                        topic: .host, id: "\(record.id)",
                        summary: "\(record.name) \(record.isOnline ? "online" : "offline")",
                        at: surroundings.now()))
            },
            huntChanged: { id in
                changes.publish(Change(topic: .hunt, id: "\(id)", summary: "", at: surroundings.now()))
            },
            evidenceKept: { evidence in
                changes.publish(
                    Change(
                        topic: .order, id: "\(evidence.order)", summary: "evidence \(evidence.name)",
                        at: evidence.receivedAt))
                await OrderTimeline.tell(evidence, in: cases, logger: logger)
            },
            upgradeChanged: { id in
                changes.publish(Change(topic: .upgrade, id: "\(id)", summary: "", at: surroundings.now()))
            },
            upgradeStopped: { alarm in
                do { try await intake.raise(Alert(alarm), about: alarm.host) } catch {
                    logger.error("an upgrade stopped, and no alert could be raised: \(error)")
                }
            })
    }

    private static func engineHooks(_ cases: CaseBook, _ changes: ChangeFeed, _ logger: Logger) -> PlaybookEngine.Hooks
    {
        PlaybookEngine.Hooks(
            changed: { changes.publish($0) },
            timeline: { id, line in
                do {
                    try await cases.append(
                        line.kind.hasPrefix("task.") ? .approval : .run, to: id, line.text, by: line.actor, at: line.at)
                } catch {
                    logger.error("case \(id): a line of a run could not be written to the timeline: \(error)")
                }
            },
            complain: { logger.error("\($0)") })
    }

    private static func group(_ parts: [any Service], changes: ChangeFeed, logger: Logger) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: parts.map {
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        return ServiceGroup(configuration: configuration)
    }
}
