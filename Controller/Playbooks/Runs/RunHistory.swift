internal import CordonModel
internal import CordonOrders
internal import FoundationEssentials

/// Events as bytes: JSON with sorted members.
enum RunHistory {
    static func encode(_ event: RecordedEvent) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(event))
    }

    static func decode(_ bytes: [UInt8], of run: RunID) throws -> RecordedEvent {
        do {
            return try JSONDecoder().decode(RecordedEvent.self, from: Data(bytes))
        } catch {
            throw PlaybooksError.history(run, "an event cannot be read")
        }
    }
}

/// What the audit chain says of one event of a run.
enum RunAudit {
    static func entries(
        _ machine: RunMachine, _ event: RecordedEvent, _ commands: [RunCommand], by actor: String
    ) -> [AuditEntry] {
        let subject = "run:\(machine.run)"
        var entries: [AuditEntry] = []
        func add(_ verb: String, _ details: [String: String], _ subject: String) {
            entries.append(AuditEntry(at: event.at, actor: actor, verb: verb, subject: subject, details: details))
        }
        switch event.event {
        case .started(_, let caseID, _):
            add("run.started", ["playbook": machine.playbook.id, "case": caseID.map { "\($0)" } ?? ""], subject)
        case .decided(let task, let decision, _, let reason):
            let verb = decision == .approve ? "approval.granted" : "approval.denied"
            add(verb, ["run": "\(machine.run)", "reason": reason], "task:\(task)")
        case .cancelled(_, let reason): add("run.cancelled", ["reason": reason], subject)
        case .orderFinished(let order, let state, _):
            add("run.order", ["order": "\(order)", "state": state.rawValue], subject)
        case .timerFired: add("run.timer", [:], subject)
        case .hostFound, .answered, .effectFailed: add("run.answer", [:], subject)
        }
        for case .submit(let order) in commands {
            add(
                "run.order_asked",
                ["order": "\(order.id)", "action": order.action.kind.rawValue, "host": "\(order.agent)"], subject)
        }
        if machine.state == .succeeded || machine.state == .failed {
            add("run.\(machine.state.rawValue)", ["failure": machine.failure], subject)
        }
        return entries
    }
}

extension PlaybooksError {
    static func history(_ run: RunID, _ what: String) -> PlaybooksError {
        PlaybooksError(code: "run.history", message: "The history of run \(run) is damaged: \(what).")
    }

    static func taskClosed(_ task: ManualTask) -> PlaybooksError {
        let who = task.decidedBy.map { " by \($0)" } ?? ""
        return PlaybooksError(
            code: "task.closed", message: "The task \(task.id) is not open any more: \(task.state.rawValue)\(who).")
    }

    static func runOver(_ run: RunRecord) -> PlaybooksError {
        PlaybooksError(code: "run.over", message: "The run \(run.id) is at its end: \(run.state.rawValue).")
    }

    /// Whether trying again cannot help.
    var isPermanent: Bool { code == "run.unknown" || code == "run.history" }
}

extension ManualTask {
    /// - Throws: ``PlaybooksError`` when the principal may not answer the task, or it is not open.
    func admit(_ principal: Principal) throws {
        guard state == .open else { throw PlaybooksError.taskClosed(self) }
        guard principal.role >= role else {
            throw PlaybooksError(
                code: "task.role",
                message: "The task needs a \(role.rawValue); \(principal.name) is a \(principal.role.rawValue).")
        }
        guard assignee == nil || assignee == principal.name else {
            throw PlaybooksError(code: "task.assignee", message: "The task waits for \(assignee ?? "somebody else").")
        }
    }
}

extension Playbook {
    /// The inputs that the playbook declares external, checked against their types.
    func checkedInputs(_ inputs: [String: String]) throws -> [String: String] {
        var checked: [String: String] = [:]
        for (name, variable) in variables.sorted(by: { $0.key < $1.key }) where variable.isExternal {
            guard let value = inputs[name] ?? variable.value else {
                throw PlaybooksError(
                    code: "run.input_missing", message: "The playbook “\(self.name)” needs a value for \(name).",
                    remedy: "Give it with the start of the run.")
            }
            guard value.utf8.count <= RunMachine.Limits.value, variable.type.accepts(value) else {
                throw PlaybooksError(
                    code: "run.input_type", message: "The value for \(name) is no \(variable.type.rawValue).")
            }
            if inputs[name] != nil { checked[name] = value }
        }
        return checked
    }
}
