internal import AgentSpool
internal import AgentUplink
internal import CLinux
internal import CordonModel
internal import CordonSignals
internal import CordonTrust
internal import FoundationEssentials
internal import Glibc
internal import ServiceLifecycle

/// Tells the service manager that the agent runs, and whoever asks how it is, by a small file.
struct Presence: Service {
    private static let interval: Duration = .seconds(2)
    /// Code and constants that an agent at work needs, about; starting it takes twice as much. Bytes.
    private static let residentCode: Int64 = 12 << 20

    let file: String
    let uplink: Uplink
    let spool: Spool
    let collecting: Collecting
    let surroundings: Surroundings

    func run() async throws {
        Readiness.notify("READY=1")
        await cancelWhenGracefulShutdown {
            var last: AgentReport?
            while !Task.isCancelled {
                Readiness.notify("WATCHDOG=1")
                let report = await report()
                // Rewritten only when there is news, or often enough to show that the process lives.
                if last.map({ !$0.says(theSameAs: report) || report.at - $0.at > .seconds(20) }) ?? true {
                    try? report.save(to: file)
                    last = report
                    _ = clinux_release_code(Self.residentCode)
                    // A pack of rules that was read, or a second of many events, leaves more free than idling needs.
                    clinux_trim_heap()
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
        Readiness.notify("STOPPING=1")
    }

    private func report() async -> AgentReport {
        let queue = await spool.status
        let facts = await uplink.hostFacts
        var report = AgentReport(
            at: surroundings.now(), pid: getpid(), agent: uplink.identity.agent, fleet: uplink.identity.fleet,
            certificateUntil: uplink.identity.notAfter, controller: "\(uplink.controller)", link: "",
            waiting: Int(queue.last - queue.acknowledged),
            spoolBytes: queue.bytes, enforcer: facts.enforcerVersion.isEmpty ? nil : facts.enforcerVersion,
            containment: facts.containment, sources: collecting.sources)
        report.blockCount = await uplink.blockCount
        switch uplink.status {
        case .connecting: report.link = "connecting"
        case .connected(let since):
            report.link = "connected"
            report.connectedSince = since
        case .waiting(let reason, let until):
            report.link = "waiting"
            report.reason = reason
            report.nextAttempt = until
        }
        return report
    }
}

/// What `cordon-agent status --json` prints: one object.
struct AgentReport: Codable, Hashable, Sendable {
    /// When it was written.
    var at: Timestamp
    var pid: Int32
    var agent: AgentID
    var fleet: String
    var certificateUntil: Timestamp
    var controller: String
    /// `connected`, `connecting`, `waiting`, or `stopped`.
    var link: String
    var connectedSince: Timestamp?
    /// Why it waits.
    var reason: String?
    var nextAttempt: Timestamp?
    /// Items that the controller does not have yet.
    var waiting: Int
    var spoolBytes: Int
    /// The enforcer's version; absent when it does not answer.
    var enforcer: String?
    var containment: ContainmentState
    /// Blocked networks in force, of which ``containment`` names a thousand; absent in what an older version wrote.
    var blockCount: Int?
    /// What is collected from, and what of it cannot be read now.
    var sources: [SourceState]

    enum CodingKeys: String, CodingKey {
        case at, pid, agent, fleet, controller, link, reason, waiting, enforcer, containment, sources
        case blockCount = "block_count"
        case certificateUntil = "certificate_until"
        case connectedSince = "connected_since"
        case nextAttempt = "next_attempt"
        case spoolBytes = "spool_bytes"
    }

    /// Whether only the time differs.
    func says(theSameAs other: AgentReport) -> Bool {
        var other = other
        other.at = at
        return self == other
    }

    /// One line of JSON.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func save(to path: String) throws { try KeyFile.write(Array((try json() + "\n").utf8), to: path) }

    init(file path: String) throws {
        let bytes = try KeyFile.read(path)
        self = try JSONDecoder().decode(AgentReport.self, from: Data(bytes))
    }

    /// Whether the process that wrote it is still there and wrote lately.
    func isLive(at now: Timestamp) -> Bool {
        now - at < .seconds(60) && (kill(pid, 0) == 0 || errno == EPERM)
    }
}

extension AgentReport {
    init(
        at: Timestamp, pid: Int32, agent: AgentID, fleet: String, certificateUntil: Timestamp, controller: String,
        link: String, waiting: Int, spoolBytes: Int, enforcer: String?, containment: ContainmentState,
        sources: [SourceState]
    ) {
        self.at = at
        self.pid = pid
        self.agent = agent
        self.fleet = fleet
        self.certificateUntil = certificateUntil
        self.controller = controller
        self.link = link
        self.waiting = waiting
        self.spoolBytes = spoolBytes
        self.enforcer = enforcer
        self.containment = containment
        self.sources = sources
    }
}
