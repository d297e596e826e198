package import CordonModel

/// What people do with a case. Each takes an analyst, is told in the timeline and recorded in the audit chain.
extension CaseBook {
    /// Opens a case by hand.
    package func open(title: String, severity: Severity, by principal: Principal) async throws -> Case {
        guard principal.role >= .analyst else { throw CaseError.forbidden(principal) }
        let title = try CaseText.checked(title, "title", limit: Case.Limits.title)
        let now = surroundings.now()
        let id = surroundings.identifier(of: CaseID.self)
        var first = CaseAmendment(at: now)
        first.tell(
            .system, "Opened by \(principal.name).", by: principal.name, verb: "case.opened", in: id,
            details: ["title": title, "severity": severity.rawValue]
        )
        let draft = CaseDraft(id: id, title: title, severity: severity, openedAt: now, alert: nil, first: first)
        let opened = try await repository.open(draft).case
        announce(opened)
        await hooks.caseOpened(opened)
        return opened
    }

    /// Moves a case on, with an optional reason. The same status again changes nothing.
    /// - Throws: ``CaseError`` when the status may not follow the present one.
    @discardableResult
    package func setStatus(_ status: CaseStatus, of id: CaseID, reason: String = "", by principal: Principal)
        async throws -> Case
    {
        let reason = try CaseText.bounded(reason, "reason", limit: Case.Limits.text)
        return try await work(on: id, by: principal) { file, amendment in
            guard file.status != status else { return }
            guard file.status.next.contains(status) else { throw CaseError.transition(file.status, status, file.label) }
            amendment.status = status
            let text = "\(file.status.rawValue) → \(status.rawValue)" + (reason.isEmpty ? "" : ": \(reason)")
            amendment.tell(
                .status, text, by: principal.name, verb: "case.status", in: id,
                details: ["from": file.status.rawValue, "to": status.rawValue, "reason": reason]
            )
        }
    }

    /// Gives a case to a person, or to nobody.
    @discardableResult
    package func assign(_ id: CaseID, to person: String?, by principal: Principal) async throws -> Case {
        let person = try person.map { try CaseText.checked($0, "assignee", limit: Case.Limits.name) }
        return try await work(on: id, by: principal) { file, amendment in
            guard file.assignee != person else { return }
            amendment.assignee = person.map { .person($0) } ?? .nobody
            amendment.tell(
                .status, person.map { "Assigned to \($0)." } ?? "Assigned to nobody.", by: principal.name,
                verb: "case.assigned", in: id, details: ["from": file.assignee ?? "", "to": person ?? ""]
            )
        }
    }

    @discardableResult
    package func setSeverity(_ severity: Severity, of id: CaseID, by principal: Principal) async throws -> Case {
        try await work(on: id, by: principal) { file, amendment in
            guard file.severity != severity else { return }
            amendment.severity = severity
            amendment.tell(
                .status, "Severity \(file.severity.rawValue) → \(severity.rawValue).", by: principal.name,
                verb: "case.severity", in: id, details: ["from": file.severity.rawValue, "to": severity.rawValue]
            )
        }
    }

    @discardableResult
    package func rename(_ id: CaseID, to title: String, by principal: Principal) async throws -> Case {
        let title = try CaseText.checked(title, "title", limit: Case.Limits.title)
        return try await work(on: id, by: principal) { file, amendment in
            guard file.title != title else { return }
            amendment.title = title
            amendment.tell(
                .status, "Renamed.", by: principal.name, verb: "case.renamed", in: id,
                details: ["from": file.title, "to": title]
            )
        }
    }

    /// Writes a note into the timeline.
    @discardableResult
    package func note(_ text: String, on id: CaseID, by principal: Principal) async throws -> Case {
        let text = try CaseText.checked(text, "note", limit: Case.Limits.text)
        return try await work(on: id, by: principal) { file, amendment in
            guard file.entryCount < Case.Limits.timeline else {
                throw CaseError.full("entries", Case.Limits.timeline, file.label)
            }
            amendment.tell(.note, text, by: principal.name, verb: "case.note", in: id)
        }
    }

    /// Adds an observable; one that is there already changes nothing.
    @discardableResult
    package func add(_ observable: Observable, to id: CaseID, by principal: Principal) async throws -> Case {
        let value = try CaseText.checked(observable.value, "observable", limit: 1024)
        let observable = Observable(kind: observable.kind, value: value)
        return try await work(on: id, by: principal) { file, amendment in
            guard !file.observables.contains(where: { $0.observable == observable }) else { return }
            guard file.observables.count < Case.Limits.observables else {
                throw CaseError.full("observables", Case.Limits.observables, file.label)
            }
            amendment.observables = [
                CaseObservable(observable: observable, addedAt: amendment.at, addedBy: principal.name)
            ]
            amendment.tell(
                .note, "Observable \(observable.kind.rawValue) \(value) added.", by: principal.name,
                verb: "case.observable",
                in: id, details: ["kind": observable.kind.rawValue, "value": value]
            )
        }
    }

    /// Puts an alert that stands in no case into this one by hand.
    @discardableResult
    package func attach(_ alert: Alert, to id: CaseID, by principal: Principal) async throws -> Case {
        if let own = try await caseID(of: alert.id) { return try await file(own) }
        return try await work(on: id, by: principal) { file, amendment in
            amendment.add(alert, to: file, because: "Put here by \(principal.name).", by: principal.name)
        }
    }
}

/// Bounds on what people type.
enum CaseText {
    /// The text without white space around it.
    static func checked(_ text: String, _ name: String, limit: Int) throws(CaseError) -> String {
        let trimmed = try bounded(text, name, limit: limit)
        guard !trimmed.isEmpty else { throw .empty(name) }
        return trimmed
    }

    /// The same, where nothing may be said.
    static func bounded(_ text: String, _ name: String, limit: Int) throws(CaseError) -> String {
        guard text.utf8.count <= limit else { throw .tooLong(name, text.utf8.count, limit) }
        let start = text.drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
