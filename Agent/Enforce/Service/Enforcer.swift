package import CordonModel
internal import CordonTrust
package import CordonWire
internal import Dispatch
internal import FoundationEssentials
package import Logging
internal import SwiftProtobuf
internal import Synchronization

/// The privileged half: takes signed orders, verifies and judges them itself, carries them out, and remembers.
///
/// Blocking, and serial but for what is done to processes and files, which a release must not wait for.
package final class Enforcer: Sendable {
    /// Where its files are, and who may talk to it.
    package struct Configuration: Sendable {
        package var stateDirectory: String
        package var policyDirectory: String
        /// `file:line` where somebody named that folder; `nil` for the default, which may be missing.
        package var policyDirectoryOrigin: String?
        package var identityPath: String
        package var policyRootPath: String
        /// Where passwd, group and shadow are.
        package var accountsDirectory = "/etc"
        /// What cordon-guard says of itself.
        package var guardReport = "/run/cordon/guard"
        package var agentUser: UInt32
        /// Controllers that the administrator wrote down; enrolment may add some.
        package var controllers: [Endpoint]
        package var version: String
        /// In which rules of YARA are compiled and matched.
        package var yaraProgram = YaraChild.usualPath

        package init(
            stateDirectory: String, policyDirectory: String, identityPath: String, policyRootPath: String,
            agentUser: UInt32, controllers: [Endpoint], version: String
        ) {
            self.stateDirectory = stateDirectory
            self.policyDirectory = policyDirectory
            self.identityPath = identityPath
            self.policyRootPath = policyRootPath
            self.agentUser = agentUser
            self.controllers = controllers
            self.version = version
        }
    }

    /// What is behind the lock.
    struct Core: ~Copyable {
        var journal: OrderJournal
        var containment: Containment
        var policy: LocalPolicy
        var keys: KeyRing
        var standing: StandingOrders
        var host: HostIdentity?
        /// Orders that are being carried out outside the lock.
        var running: Set<OrderID> = []
    }

    let configuration: Configuration
    let clock: BootClock
    let log: Logger
    let core: Mutex<Core>
    /// Opened at its first use.
    let quarantine = Mutex<Quarantine?>(nil)
    /// What orders brought; opened at its first use.
    let evidenceStore = Mutex<EvidenceStore?>(nil)
    /// Looks at something for evidence.
    let looking = QuietThread()
    /// The accounts' file as it was last looked at.
    let accountsSeen = Mutex<[Int64]>([])
    /// Held while a process or an account is taken hold of, let go or kept so: who keeps it so by a list that is older than
    /// a letting go would take hold of what nobody knows of any more. It is taken before the core's lock, never after.
    let keeping = Mutex(())
    let announcements = Announcements()
    let refusals = Mutex(Refusals())
    /// The same for units of systemd, apart because one may take long to stop. Inside: when to try again what failed.
    let services = Mutex(ContinuousClock.now)
    /// The same for programs that are kept from starting. Inside: what the guard was told, and what it said.
    let executables = Mutex(ExecutableWatch())
    let guesses = Mutex(CodeGuesses())
    /// The same for keys of accounts, apart because a home folder may answer late. Inside: files as they were last seen.
    let keys = Mutex<[String: [Int64]]>([:])
    /// The same for entries of cron.
    let cron = Mutex<[String: [Int64]]>([:])
    let standingPast = Mutex(StandingPast())
    /// What is offered to be installed.
    let intake = Mutex<UpgradeIntake?>(nil)
    /// As its package has it; asked for at its first use.
    let packagedVersion = Mutex<String?>(nil)

    /// Reads everything, and brings about what the journal says is to be in force, before anything else happens.
    package convenience init(_ configuration: Configuration, clock: BootClock = .live, log: Logger) throws {
        try self.init(configuration, clock: clock, log: log) { () throws(EnforceError) in try Firewall() }
    }

    /// With a firewall of the caller's making: how tests show what happens on a kernel that can do less.
    init(
        _ configuration: Configuration, clock: BootClock, log: Logger,
        firewall: () throws(EnforceError) -> Firewall
    ) throws {
        self.configuration = configuration
        self.clock = clock
        self.log = log
        let policy = try Self.policy(configuration, log: log)
        let host = try HostIdentity.load(
            identity: configuration.identityPath, policyRoot: configuration.policyRootPath)
        var journal = try OrderJournal(folder: configuration.stateDirectory, clock: clock)
        if !journal.isReckoned {
            log.critical("what is left after the boot could not be written down: it is tried again")
        }
        journal.onChange = { [announcements] in announcements.change() }
        var putBack: String?
        do {
            putBack = try Self.putBackIsolation(
                lostFrom: &journal, stateFolder: configuration.stateDirectory, clock: clock)
        } catch { log.critical("whether an upgrade lost an isolation cannot be told", metadata: ["error": "\(error)"]) }
        var containment = try Containment(
            firewall: firewall(), lists: ListFiles(folder: configuration.stateDirectory + "/lists"),
            agentUser: configuration.agentUser,
            controllers: Self.controllers(configuration, host))
        let refused = containment.restore(journal.desired, clock: clock)
        let keys = try KeyRing(path: configuration.stateDirectory + "/order-keys")
        let standing = StandingOrders(path: configuration.stateDirectory + "/standing-orders")
        core = Mutex(
            Core(
                journal: journal, containment: containment, policy: policy, keys: keys, standing: standing, host: host))
        for line in refused + (putBack.map { [$0] } ?? []) {
            log.critical("\(line)")
            announcements.announce(.drift, line, at: clock.now())
        }
        endDamagedLists()
        tellGuard()
        announceUses()
        openIntake()
    }

    private static func controllers(_ configuration: Configuration, _ host: HostIdentity?) -> [Endpoint] {
        var all = configuration.controllers
        for endpoint in host?.controllers ?? [] where !all.contains(endpoint) { all.append(endpoint) }
        return Array(all.prefix(16))
    }

    // MARK: - Policy, identity, keys

    private static func policy(_ configuration: Configuration, log: Logger) throws -> LocalPolicy {
        let policy = try LocalPolicy.load(
            folder: configuration.policyDirectory, namedAt: configuration.policyDirectoryOrigin)
        for path in policy.passedOver.prefix(20) {
            log.warning(
                "a file is no part of the local policy: its name does not end in .toml", metadata: ["path": "\(path)"])
        }
        return policy
    }

    /// Reads the local policy anew. What is wrong with it is thrown, and the policy that was in force stays.
    package func reloadPolicy() throws {
        let fresh = try Self.policy(configuration, log: log)
        core.withLock { $0.policy = fresh }
        announcements.change()
        log.notice("local policy read anew", metadata: ["hash": "\(fresh.hash)"])
    }

    /// Who this host is, read from disk until enrolment has written it, and again when it enrols anew.
    func refreshHost(_ core: inout Core) {
        do {
            let host = try HostIdentity.load(
                identity: configuration.identityPath, policyRoot: configuration.policyRootPath)
            core.host = host
            core.containment.controllers = Self.controllers(configuration, host)
        } catch {
            log.error("the identity of this host cannot be read", metadata: ["error": "\(error)"])
            core.host = nil
        }
    }

    /// Takes a set of order keys. Throws a `Refusal` or what went wrong with the disk.
    package func accept(_ set: Cordon_V1_SignedOrderKeySet) throws -> UInt64 {
        try core.withLock { core in
            refreshHost(&core)
            guard let host = core.host else { throw Refusal.notEnrolled }
            return try core.keys.accept(set, for: host, at: clock.now())
        }
    }

    // MARK: - Status

    /// The longest that an answer waits for news.
    private static let longestWait: UInt32 = 60

    /// What is in force, once it is other than what the asker knows or has waited long enough for that. Blocks.
    func status(_ request: Cordon_V1_StatusRequest) -> Cordon_V1_EnforcerStatus {
        if !request.heard.isEmpty { heard(request.heard) }
        if request.controllerHeard {
            core.withLock { $0.journal.hear() }
            hearsController()
        }
        if request.waitS > 0 {
            announcements.wait(whileAt: request.revision, for: .seconds(Int(min(request.waitS, Self.longestWait))))
        }
        var status = status()
        if request.refused { status.notices = refusals.withLock { $0.notices } }
        return status
    }

    /// What is in force, and what this enforcer is.
    package func status() -> Cordon_V1_EnforcerStatus {
        // Before what it stands for: what changes meanwhile is told with the next.
        let revision = announcements.revision
        let kept = quarantined()
        let version = version
        return core.withLock { core in
            if core.host == nil { refreshHost(&core) }
            var status = Cordon_V1_EnforcerStatus()
            status.version = version
            var state = core.journal.desired.state(clock: clock)
            state.effects += kept
            status.containment = Cordon_V1_Containment(state)
            status.policyHash = core.policy.hash
            status.ownedTables = core.containment.ownsTables
            status.keySetVersion = core.keys.version(for: core.host)
            status.kernel = TextFile.line("/proc/sys/kernel/osrelease") ?? ""
            status.repairs = core.containment.repairs
            status.revision = revision
            status.notices = announcements.notices
            status.isolation = Cordon_V1_IsolationPreflight(preflight(core))
            return status
        }
    }

    /// Ends the isolation from the host itself, without an order. The caller has made sure that root asks.
    package func releaseLocally(reason: String) throws {
        try core.withLock { core in
            _ = try core.containment.release()
            // Before it is written down: the journal may know of no isolation that this ends.
            forgetSeenIsolation()
            record([.released(why: "local: \(reason.bounded(500))")], &core)
        }
        log.warning("isolation ended from this host", metadata: ["reason": "\(reason.bounded(500))"])
        announcements.announce(
            .breakGlass, "The isolation was ended from this host, by root: \(reason.bounded(200))",
            at: clock.now())
    }

    /// Writes down what has happened already and cannot be undone by a full disk.
    func record(_ records: [JournalRecord], _ core: inout Core) {
        do {
            try core.journal.append(records, urgent: true)
        } catch {
            core.journal.take(records)
            log.critical(
                "the journal could not be written: a restart may contain this host again until the term ends",
                metadata: ["error": "\(error)"])
        }
    }
}

extension Refusal {
    static let notEnrolled = Refusal(
        "not enrolled", "This host is not enrolled: it has no identity or no policy root, so no order can be verified.")
}
