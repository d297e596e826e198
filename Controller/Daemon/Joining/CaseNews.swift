internal import ControllerCases
internal import ControllerFleet
internal import ControllerIntake
internal import ControllerPlaybooks
internal import CordonModel
internal import CordonOrders
internal import Logging
internal import Synchronization

/// What joins cases, orders and runs, which are made one after the other and need each other.
final class CaseNews: Sendable {
    private let joined = Mutex<(engine: PlaybookEngine, fleet: Fleet)?>(nil)

    /// Called once, when all are made and before any of them runs.
    func join(engine: PlaybookEngine, fleet: Fleet) { joined.withLock { $0 = (engine, fleet) } }

    /// Starts the playbook of a case; asked again with the same request, it is the same run.
    func start(_ wanted: PlaybookStart) async throws -> RunID {
        guard let (engine, fleet) = joined.withLock({ $0 }) else {
            throw ControllerError("playbook.not_ready", "The engine is not ready.")
        }
        let inputs = try await Self.inputs(of: wanted.file, fleet)
        return try await engine.start(
            wanted.playbook, inputs: inputs, caseID: wanted.file.id, request: wanted.request, by: .system
        ).id
    }

    /// Tells the engine of an order's end.
    func orderChanged(_ record: OrderRecord) async {
        guard record.state.isFinal, let (engine, _) = joined.withLock({ $0 }) else { return }
        await engine.orderFinished(record.id, state: record.state, result: record.result)
    }

    /// What a case gives its playbook: the external variables that `Contain an SSH intrusion` documents.
    private static func inputs(of file: Case, _ fleet: Fleet) async throws -> [String: String] {
        var inputs = ["__severity__": file.severity.rawValue, "__case__": file.label]
        if let host = file.hosts.first {
            inputs["__host__"] = "\(host)"
            let record = try await fleet.host(host)
            inputs["__hostname__"] = record?.name
            if let claim = record?.claimedName {
                inputs["__claimed_name__"] =
                    "The host now calls itself “\(PlainName.shown(claim))”; that is its own claim."
            }
        }
        for known in file.observables {
            switch known.observable.kind {
            case .ipv4, .ipv6: inputs["__attacker__"] = inputs["__attacker__"] ?? known.observable.value
            case .user: inputs["__user__"] = inputs["__user__"] ?? known.observable.value
            case .domain, .process, .file, .host: break
            }
        }
        return inputs
    }
}

/// Cases as intake knows them.
struct CaseOpener: CaseOpening {
    let cases: CaseBook

    func open(for alert: Alert, because reason: String) async throws -> CaseID {
        try await cases.open(for: alert, because: reason)
    }

    func join(_ id: CaseID, alert: Alert, because reason: String) async throws -> Bool {
        try await cases.join(id, alert: alert, because: reason)
    }

    func recurred(_ alert: Alert, in id: CaseID) async throws { try await cases.recurred(alert, in: id) }
}

/// Orders in a case's timeline.
enum OrderTimeline {
    /// Says what became of the order, once for each state that people care about.
    static func tell(_ record: OrderRecord, in cases: CaseBook, logger: Logger) async {
        guard let caseID = record.order.caseID, record.state == .queued || record.state.isFinal else { return }
        let kind = record.order.action.kind.rawValue
        var text = "Order \(kind): \(record.state.rawValue)."
        if record.state == .reverted {
            text += record.revertedBy.map { " The order \($0) undid it." } ?? ""
        } else if let result = record.result {
            text += " \(result.message)"
        }
        if record.state != .reverted, let proof = record.result?.proof {
            for probe in proof.probes { text += " \(probe.name): \(probe.passed ? "yes" : "NO") (\(probe.observed))." }
        } else if !record.note.isEmpty {
            text += " \(record.note)"
        }
        do {
            try await cases.append(
                .order, to: caseID, text, by: record.order.requestedBy, at: record.changedAt,
                reference: "order:\(record.id)",
                key: "order:\(record.id):\(record.state.rawValue)")
        } catch {
            logger.error("case \(caseID): the order \(record.id) could not be written to the timeline: \(error)")
        }
    }

    /// Says that what the order brought is here.
    static func tell(_ evidence: EvidenceRecord, in cases: CaseBook, logger: Logger) async {
        guard let caseID = evidence.caseID else { return }
        do {
            try await cases.append(
                .order, to: caseID,
                "Evidence of order \(evidence.kind.rawValue): \(evidence.name), \(evidence.size) bytes, SHA-256 "
                    + "\(HexDigit.text(evidence.sha256)).",
                by: "agent:\(evidence.host)", at: evidence.receivedAt, reference: "order:\(evidence.order)",
                key: "order:\(evidence.order):evidence")
        } catch {
            logger.error("case \(caseID): evidence could not be written to the timeline: \(error)")
        }
    }
}
