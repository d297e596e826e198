package import CordonModel
internal import Logging

/// What alerts do with cases. These are the functions of `CaseOpening` that ControllerIntake asks for.
extension CaseBook {
    /// Opens a case for the alert; the one it already stands in when it was opened before.
    package func open(for alert: Alert, because reason: String) async throws -> CaseID {
        let now = surroundings.now()
        let id = surroundings.identifier(of: CaseID.self)
        let title = alert.title.isEmpty ? alert.rule.name : alert.title
        var first = CaseAmendment(at: now)
        let blank = Case(
            id: id, number: 0, title: title, severity: alert.severity, status: .new, assignee: nil, openedAt: now,
            updatedAt: now, closedAt: nil
        )
        first.audit.append(
            AuditEntry(
                at: now, actor: Principal.system.name, verb: "case.opened", subject: "case:\(id)",
                details: [
                    "alert": "\(alert.id)", "rule": alert.rule.id, "severity": alert.severity.rawValue,
                    "reason": reason,
                ]
            )
        )
        first.add(alert, to: blank, because: reason, by: Principal.system.name)
        want(playbooksFor: alert, in: blank, &first)
        let draft = CaseDraft(
            id: id, title: title.cut(bytes: Case.Limits.title), severity: alert.severity, openedAt: now,
            alert: alert.id, first: first
        )
        let (opened, isNew) = try await repository.open(draft)
        guard isNew else { return opened.id }
        announce(opened)
        await hooks.caseOpened(opened)
        await startPlaybooks(of: opened)
        return opened.id
    }

    /// Puts the alert into an open case and raises the case's severity to the alert's.
    /// - Returns: False when the case is no longer open or holds as many alerts as it may.
    package func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool {
        if let own = try await caseID(of: alert.id) { return own == id }
        do {
            let joined = try await amend(id) { file, amendment in
                guard file.status.isOpen, file.alerts.count < Case.Limits.alerts else { throw NotOpen() }
                amendment.add(alert, to: file, because: reason, by: Principal.system.name)
                want(playbooksFor: alert, in: file, &amendment)
            }
            await startPlaybooks(of: joined)
            return true
        } catch is NotOpen {
            return false
        }
    }

    /// The case's alert came again: what grew is taken over.
    package func recurred(_ alert: Alert, in id: CaseID) async throws {
        let changed = try await amend(id) { file, amendment in
            let severity = max(file.severity, alert.severity)
            amendment.addObservables(alert.observables, to: file)
            want(playbooksFor: alert, in: file, &amendment)
            guard severity > file.severity else { return }
            amendment.severity = severity
            amendment.tell(
                .alert, "Came again, \(alert.count) events by now; severity raised to \(severity.rawValue).",
                by: Principal.system.name, verb: "case.severity", in: id, reference: "alert:\(alert.id)",
                details: ["from": file.severity.rawValue, "to": severity.rawValue, "alert": "\(alert.id)"]
            )
        }
        await startPlaybooks(of: changed)
    }

    private struct NotOpen: Error {}
}

extension CaseAmendment {
    /// Puts the alert, its host and its observables into the case.
    mutating func add(_ alert: Alert, to file: Case, because reason: String, by actor: String) {
        alerts = [CaseAlert(id: alert.id, host: alert.agent, addedAt: at, reason: reason)]
        if let host = alert.agent, !file.hosts.contains(host), file.hosts.count < Case.Limits.hosts { hosts = [host] }
        addObservables(alert.observables, to: file)
        // Rules' licences ask for the author wherever a match is shown: the timeline stands in the report too.
        let author = alert.rule.author.map { " (rule by \($0.cut(bytes: 200)))" } ?? ""
        let text = "\(alert.title)\(author)\n\(reason)"
        tell(
            .alert, text, by: actor, verb: "case.alert", in: file.id, reference: "alert:\(alert.id)",
            details: ["alert": "\(alert.id)", "rule": alert.rule.id, "reason": reason]
        )
        if alert.severity > file.severity { severity = alert.severity }
    }

    /// Those that the case does not have, as far as there is room.
    mutating func addObservables(_ found: [Observable], to file: Case) {
        var known = Set(file.observables.map(\.observable))
        for observable in found where known.count < Case.Limits.observables && known.insert(observable).inserted {
            observables.append(CaseObservable(observable: observable, addedAt: at, addedBy: Principal.system.name))
        }
    }
}

extension String {
    /// At most that many bytes of UTF-8, cut between scalars.
    func cut(bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
