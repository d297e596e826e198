package import CordonModel
package import Logging

/// The cases of the fleet: opened by alerts and by people, worked on by people, told by a timeline that is never changed.
///
/// Every operation is one transaction with its audit entry. Roles are checked here: working on a case takes an analyst.
package struct CaseBook: Sendable {
    let repository: any CaseRepository
    let surroundings: Surroundings
    let hooks: CaseHooks
    let rules: [PlaybookRule]
    let logger: Logger

    /// - Parameter rules: Which alerts start which playbook; each playbook is started at most once a case by rule.
    package init(
        repository: any CaseRepository, rules: [PlaybookRule] = [], surroundings: Surroundings, logger: Logger,
        hooks: CaseHooks = CaseHooks()
    ) {
        self.repository = repository
        self.rules = rules
        self.surroundings = surroundings
        self.logger = logger
        self.hooks = hooks
    }
}

/// What cases tell others.
package struct CaseHooks: Sendable {
    /// A case changed. Called after the change is durable; must return soon.
    package var changed: @Sendable (Change) -> Void
    /// A case was opened. Called once, after it is durable and before its playbooks are started.
    package var caseOpened: @Sendable (Case) async -> Void
    /// Starts a playbook for a case. The request names the run to be made; asked again with the same request after a stop
    /// of the controller, it must not start a second one.
    /// - Returns: The run.
    package var startPlaybook: @Sendable (PlaybookStart) async throws -> RunID

    package init(
        changed: @escaping @Sendable (Change) -> Void = { _ in },
        caseOpened: @escaping @Sendable (Case) async -> Void = { _ in },
        startPlaybook: @escaping @Sendable (PlaybookStart) async throws -> RunID = { $0.request }
    ) {
        self.changed = changed
        self.caseOpened = caseOpened
        self.startPlaybook = startPlaybook
    }
}

/// A playbook to be started.
package struct PlaybookStart: Sendable, Hashable {
    /// The CACAO identifier.
    package var playbook: String
    package var request: RunID
    package var file: Case
}

// MARK: - Reading

extension CaseBook {
    /// - Throws: ``CaseError`` when there is none.
    package func file(_ id: CaseID) async throws -> Case {
        guard let file = try await repository.file(id) else { throw CaseError.notFound("\(id)") }
        return file
    }

    /// The case of an identifier, a label (`C-12`) or a number (`12`).
    /// - Throws: ``CaseError`` when there is none.
    package func file(named name: String) async throws -> Case {
        if let id = CaseID(name) { return try await file(id) }
        let shown = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.prefix(40)
        guard let number = Case.number(name), let file = try await repository.file(number: number) else {
            throw CaseError.notFound(String(shown))
        }
        return file
    }

    package func cases(_ filter: CaseFilter = CaseFilter()) async throws -> [CaseSummary] {
        try await repository.list(filter)
    }

    /// The case that the alert stands in.
    package func caseID(of alert: AlertID) async throws -> CaseID? { try await repository.caseID(of: alert) }

    /// Entries after that number, oldest first; at most 1,000.
    package func timeline(of id: CaseID, after number: Int = 0, limit: Int = 1000) async throws -> [TimelineEntry] {
        try await repository.timeline(of: id, after: number, limit: min(max(limit, 1), 1000))
    }

    package func statistics() async throws -> CaseStatistics {
        try await repository.statistics(now: surroundings.now())
    }
}

// MARK: - Changing, within the module

extension CaseBook {
    /// Changes a case for a person.
    func work(
        on id: CaseID, by principal: Principal, _ decide: @escaping @Sendable (Case, inout CaseAmendment) throws -> Void
    ) async throws -> Case {
        guard principal.role >= .analyst else { throw CaseError.forbidden(principal) }
        return try await amend(id, decide)
    }

    /// Changes a case.
    func amend(_ id: CaseID, _ decide: @escaping @Sendable (Case, inout CaseAmendment) throws -> Void) async throws
        -> Case
    {
        let now = surroundings.now()
        let changed = try await repository.amend(id) { file in
            var amendment = CaseAmendment(at: now)
            try decide(file, &amendment)
            return amendment
        }
        guard let changed else { throw CaseError.notFound("\(id)") }
        // An amendment that says nothing leaves the case as it was.
        if changed.updatedAt == now { announce(changed) }
        return changed
    }

    func announce(_ file: Case) {
        let summary = "\(file.label) \(file.status.rawValue), \(file.severity.rawValue): \(file.title)"
        hooks.changed(Change(topic: .case, id: "\(file.id)", summary: summary, at: file.updatedAt))
    }
}

extension CaseAmendment {
    /// Writes the same to the case's timeline and to the audit chain.
    mutating func tell(
        _ kind: TimelineEntry.Kind, _ text: String, by actor: String, verb: String, in id: CaseID,
        reference: String? = nil,
        details: [String: String] = [:]
    ) {
        timeline.append(TimelineDraft(kind, at: at, by: actor, text, reference: reference))
        audit.append(AuditEntry(at: at, actor: actor, verb: verb, subject: "case:\(id)", details: details))
    }
}
