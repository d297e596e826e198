internal import CordonModel
internal import CordonWire
internal import Glibc
internal import Logging
internal import SwiftProtobuf

/// What this host is: read at the start, asked of the enforcer now and then and after every order, told when it changed.
actor HostFactsSource {
    private let enforcer: EnforcerClient
    private let surroundings: Surroundings
    private let interval: Duration
    private let logger: Logger
    private var facts: HostFacts
    private var outbox: AsyncStream<Cordon_V1_AgentMessage>.Continuation?
    private var isEnforcerKnown: Bool?
    /// Where the queue stands and how many orders were refused.
    private let counts: @Sendable () async -> AgentCounts
    private var load = ProcessLoad()
    private var keysMissing: (@Sendable () async -> Void)?
    /// Whether the controller was heard since that was asked last.
    private let hearsController: @Sendable () -> Bool
    /// Makes alerts durable.
    private let keepAlerts: @Sendable ([Alert]) async throws -> Void
    /// Blocked networks in force; the facts name a thousand of them.
    private(set) var blockCount = 0
    /// What the enforcer said last, by its number.
    private var revision: UInt64 = 0
    /// Notices that are alerts by now.
    private var heard: [UInt64] = []
    /// It did not answer once, after it had.
    private var isMissed = false

    init(
        enforcer: EnforcerClient, interval: Duration, version: String, surroundings: Surroundings, logger: Logger,
        counts: @escaping @Sendable () async -> AgentCounts, hearsController: @escaping @Sendable () -> Bool,
        keepAlerts: @escaping @Sendable ([Alert]) async throws -> Void
    ) {
        self.keepAlerts = keepAlerts
        self.hearsController = hearsController
        self.enforcer = enforcer
        self.surroundings = surroundings
        self.counts = counts
        self.interval = interval
        self.logger = logger
        facts = HostFacts(
            hostname: HostReading.hostname, kernel: HostReading.kernel, operatingSystem: HostReading.operatingSystem,
            agentVersion: version, enforcerVersion: "", ownedTables: false, policyHash: "",
            containment: ContainmentState(), abilities: HostAbilities.all)
    }

    /// What is known now.
    var current: HostFacts { facts }

    /// Where changes are told; replaced by the next connection's.
    func attach(_ outbox: AsyncStream<Cordon_V1_AgentMessage>.Continuation) {
        self.outbox = outbox
        sayHealth()
    }

    private func sayHealth() { outbox?.yield(.with { $0.health = Cordon_V1_AgentHealth(facts) }) }

    /// Called when the enforcer is there again, or holds no order keys: one that starts after the agent has missed them.
    func onKeysMissing(_ handOver: @escaping @Sendable () async -> Void) { keysMissing = handOver }

    /// The enforcer took this version of the standing orders.
    func holds(standing version: UInt64) {
        guard facts.standingVersion != version else { return }
        facts.standingVersion = version
        var message = Cordon_V1_AgentMessage()
        message.facts = Cordon_V1_Facts(facts)
        outbox?.yield(message)
    }

    /// Listens to the enforcer, and asks it whenever an order was settled, until cancelled.
    func run(settled: AsyncStream<Void>) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.listen() }
            group.addTask {
                for await _ in settled { await self.refresh() }
            }
        }
    }

    /// What is known of the enforcer comes in pieces no smaller than this.
    private static let pace = Duration.milliseconds(250)
    /// One that is being started again is given so long before it is said to be away.
    private static let restartTime = Duration.seconds(2)

    /// Has the enforcer answer when it has news, and no later than every interval.
    private func listen() async {
        while !Task.isCancelled {
            let (asked, before) = (ContinuousClock.now, revision)
            let wasThere = isEnforcerKnown
            await refresh(waiting: interval)
            // One that was away is asked again soon: what it holds is what a responder wants to know.
            let isBack = wasThere == false && isEnforcerKnown == true
            let isSilent = revision == before && !isBack || isEnforcerKnown != true
            let pause = isMissed ? Self.restartTime : isSilent ? interval - (.now - asked) : Self.pace
            try? await Task.sleep(for: max(pause, Self.pace))
        }
    }

    /// Asks the enforcer once. When it does not answer, what is in force is what it was: nothing that it holds ends with it.
    func refresh(waiting: Duration = .zero) async {
        var answer: Cordon_V1_EnforcerStatus?
        do {
            let status = try await enforcer.status(
                after: revision, waiting: waiting, heard: heard, isConnected: hearsController())
            answer = status
            revision = status.revision
            isMissed = false
            let isBack = isEnforcerKnown == false
            note(isKnown: true, "")
            if isBack || status.keySetVersion == 0 { await keysMissing?() }
            if waiting > .zero { await keep(status.notices) }
        } catch {
            guard !Task.isCancelled else { return }
            revision = 0
            if isEnforcerKnown == true, !isMissed {
                isMissed = true
                return
            }
            isMissed = false
            note(isKnown: false, "\(error)")
        }
        tell(answer, load.health(await counts()))
    }

    /// What the enforcer noticed becomes alerts; it is asked to forget what is durable here.
    private func keep(_ notices: [Cordon_V1_Notice]) async {
        heard = []
        guard !notices.isEmpty else { return }
        do {
            try await keepAlerts(notices.prefix(32).compactMap { $0.alert(surroundings) })
            heard = notices.prefix(32).map(\.id)
        } catch {
            logger.error("\(error) What the enforcer noticed is told later.")
        }
    }

    private func tell(_ status: Cordon_V1_EnforcerStatus?, _ health: AgentHealth) {
        var next = facts
        if let status {
            next.enforcerVersion = status.version.bounded(100)
            next.ownedTables = status.ownedTables
            next.policyHash = status.policyHash.bounded(64)
            next.containment = status.containment.model()
            blockCount = Int(status.containment.blockCount)
            next.isolation = status.hasIsolation ? status.isolation.model() : nil
        } else {
            next.enforcerVersion = ""
        }
        next.hostname = HostReading.hostname
        next.health = health
        let known = facts
        facts = next
        if next.health != known.health { sayHealth() }
        next.health = known.health
        guard next != known else { return }
        var message = Cordon_V1_AgentMessage()
        message.facts = Cordon_V1_Facts(next)
        outbox?.yield(message)
    }

    private func note(isKnown: Bool, _ reason: String) {
        guard isKnown != isEnforcerKnown else { return }
        isEnforcerKnown = isKnown
        if isKnown { logger.info("The enforcer answers.") } else { logger.warning("\(reason)") }
    }
}

/// What the system says of itself.
package enum HostReading {
    /// gethostname(2).
    package static var hostname: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, 255) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The release that uname(2) says.
    static var kernel: String { line("/proc/sys/kernel/osrelease") }

    /// PRETTY_NAME of os-release(5).
    static var operatingSystem: String {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            for line in text(path).split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
                return String(line.dropFirst(12).filter { $0 != "\"" && $0 != "'" }).printable(limit: 200)
            }
        }
        return "Linux"
    }

    /// The text of `/etc/machine-id`, 32 hexadecimal characters. Throws `agent.machine_id` when there is none.
    package static func machineID(_ path: String = "/etc/machine-id") throws -> String {
        let id = line(path)
        guard id.utf8.count == 32, id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw UplinkError(
                code: "agent.machine_id", message: "\(path) does not hold a machine identifier.",
                remedy: "Run `systemd-machine-id-setup`.", isRefusal: true)
        }
        return id
    }

    private static func line(_ path: String) -> String {
        String(text(path).prefix { $0 != "\n" }).printable(limit: 200)
    }

    /// At most 64 KiB of a small system file.
    static func text(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
