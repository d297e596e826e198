package import ControllerAccess
package import ControllerCases
package import ControllerFleet
package import ControllerIntake
package import ControllerPlaybooks
package import ControllerRules
package import CordonModel
package import CordonTrust

/// What the API stands on: the faces of the domains, joined by the daemon.
package struct APIServices: Sendable {
    package let access: Access
    package let fleet: Fleet
    package let intake: Intake
    package let cases: CaseBook
    package let library: PlaybookLibrary
    package let engine: PlaybookEngine
    package let runs: any RunRepository
    package let rules: RulePacks
    package let audit: any AuditReading
    package let changes: ChangeFeed
    package let surroundings: Surroundings
    /// Where agents reach this controller: what enrolment tokens carry.
    package let agentAddress: ControllerAddress
    /// Whether people reach the controller over TLS.
    package let isSecure: Bool
    /// The fleet's authority as PEM: what `cordon login --fingerprint` asks for; empty where there is no TLS of ours.
    package let authorityPEM: String
    /// What `/health/ready` says: `nil` when all is well, or a sentence.
    package let readiness: @Sendable () async -> String?

    package init(
        access: Access, fleet: Fleet, intake: Intake, cases: CaseBook, library: PlaybookLibrary, engine: PlaybookEngine,
        runs: any RunRepository, rules: RulePacks, audit: any AuditReading, changes: ChangeFeed,
        surroundings: Surroundings,
        agentAddress: ControllerAddress, isSecure: Bool, authorityPEM: String = "",
        readiness: @escaping @Sendable () async -> String? = { nil }
    ) {
        self.access = access
        self.fleet = fleet
        self.intake = intake
        self.cases = cases
        self.library = library
        self.engine = engine
        self.runs = runs
        self.rules = rules
        self.audit = audit
        self.changes = changes
        self.surroundings = surroundings
        self.agentAddress = agentAddress
        self.isSecure = isSecure
        self.authorityPEM = authorityPEM
        self.readiness = readiness
    }

    /// How sessions travel in browsers.
    package var cookie: SessionCookie { SessionCookie(isSecure: isSecure) }
}

/// Reads the audit chain, and adds to it what no domain records; the store has it, the daemon joins the two.
package protocol AuditReading: Sendable {
    /// Appends a record. When it returns, it is on disk.
    func record(_ entry: AuditEntry) async throws
    /// What checkpoints are signed with.
    var auditKey: VerifyingKey { get }
    /// The newest records before that number (`nil`: of all), newest first; of one subject or of any.
    func newest(before number: Int64?, subject: String?, limit: Int) async throws -> [AuditRecord]
    /// Checks every record and checkpoint.
    func verify() async throws -> AuditFinding
    /// The records after that number, oldest first.
    func records(after number: Int64, limit: Int) async throws -> [AuditRecord]
    /// All checkpoints in order.
    func checkpoints() async throws -> [AuditCheckpoint]
}

/// What a check of the whole audit chain found.
package struct AuditFinding: Sendable, Hashable {
    /// Records that hold, from the first on.
    package var records: Int64
    /// Checkpoints that hold.
    package var checkpoints: Int
    /// As far as the chain holds.
    package var head: AuditHead
    /// The first thing that does not; `nil` when all does.
    package var fault: Fault?

    package struct Fault: Sendable, Hashable {
        /// The record's number.
        package var index: Int64
        /// `gap`, `altered`, `rewritten`, `forged_checkpoint`, `truncated`, …
        package var kind: String
        /// One sentence for people.
        package var message: String

        package init(index: Int64, kind: String, message: String) {
            self.index = index
            self.kind = kind
            self.message = message
        }
    }

    package init(records: Int64, checkpoints: Int, head: AuditHead, fault: Fault? = nil) {
        self.records = records
        self.checkpoints = checkpoints
        self.head = head
        self.fault = fault
    }
}
