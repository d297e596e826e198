package import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import Logging
internal import SwiftProtobuf

extension Fleet {
    /// The evidence of an order.
    /// - Throws: ``FleetError`` `evidence.unknown`.
    package func evidence(_ order: OrderID) async throws -> EvidenceRecord {
        guard let evidence = try await evidenceStore.evidence(order) else { throw FleetError.unknownEvidence(order) }
        return evidence
    }

    /// The evidence that is meant, newest first.
    package func evidence(_ filter: EvidenceFilter) async throws -> [EvidenceRecord] {
        try await evidenceStore.evidence(filter)
    }

    // MARK: - What comes

    /// Takes a part of evidence, and says what is wanted next. Nothing is taken but what a result of an order of that host
    /// has named, by its size and SHA-256; so a host brings at most what its orders asked for.
    func receive(_ part: Cordon_V1_EvidencePart, from agent: AgentID) async throws -> Cordon_V1_EvidenceMark {
        guard let id = OrderID(bytes: part.orderID), part.content.count <= 1 << 20 else {
            throw LinkRefusal.malformed("a part of evidence has an order and at most 1 MiB").status
        }
        var mark = Cordon_V1_EvidenceMark()
        mark.orderID = part.orderID
        mark.state = .later
        do {
            switch try await arrived(part, of: id, from: agent) {
            case .kept: mark.state = .kept
            case .wanted(let offset): (mark.state, mark.offset) = (.wanted, UInt64(offset))
            case .later(let why):
                log.info("evidence is put off: \(why)", metadata: ["order": "\(id)", "host": "\(agent)"])
            }
        } catch {
            log.error("evidence cannot be kept now: \(error)", metadata: ["order": "\(id)", "host": "\(agent)"])
        }
        return mark
    }

    private enum Arrival {
        case kept
        case wanted(Int64)
        case later(String)
    }

    private func arrived(_ part: Cordon_V1_EvidencePart, of id: OrderID, from agent: AgentID) async throws -> Arrival {
        if let known = try await evidenceStore.evidence(id) {
            return known.host == agent ? .kept : .later("it is another host's")
        }
        guard let record = try await order(id), record.order.agent == agent else {
            return .later("the order is not this host's")
        }
        guard let evidence = record.result?.evidence else { return .later("the order has no result that names it") }
        guard evidence.size <= record.order.action.mostEvidence ?? -1 else {
            return .later("\(evidence.size) bytes are more than the order asked for")
        }
        var end = try await evidenceFolder.arrived(.init(id, evidence))
        // Looked at with every part: many that began together may not go on together.
        let used = try await evidenceStore.evidenceBytes() + evidenceFolder.arriving()
        guard used + (end == 0 ? evidence.size : Int64(part.content.count)) <= settings.evidenceBytes else {
            return .later("the evidence kept has \(used) of at most \(settings.evidenceBytes) bytes")
        }
        if !part.content.isEmpty || evidence.size == 0, let offset = Int64(exactly: part.offset) {
            end = try await evidenceFolder.add([UInt8](part.content), at: offset, of: .init(id, evidence))
        }
        guard end == evidence.size else { return .wanted(end) }
        return try await keep(evidence, of: record)
    }

    private func keep(_ evidence: Evidence, of record: OrderRecord) async throws -> Arrival {
        guard try await evidenceFolder.keep(.init(record.id, evidence)) else {
            return .later("its SHA-256 is not what the host said")
        }
        let kept = EvidenceRecord(
            order: record.id, host: record.order.agent, caseID: record.order.caseID, kind: record.order.action.kind,
            name: evidence.name, sha256: evidence.sha256, size: evidence.size, receivedAt: now)
        try await evidenceStore.add(
            kept, recording: Self.entry("evidence.kept", kept, by: "agent:\(kept.host)", at: now))
        newsFeed.yield(.evidence(kept))
        return .kept
    }

    private static func entry(_ verb: String, _ evidence: EvidenceRecord, by actor: String, at instant: Timestamp)
        -> AuditEntry
    {
        AuditEntry(
            at: instant, actor: actor, verb: verb, subject: "order:\(evidence.order)",
            details: [
                "host": "\(evidence.host)", "case": evidence.caseID.map { "\($0)" } ?? "", "name": evidence.name,
                "sha256": HexDigit.text(evidence.sha256), "bytes": "\(evidence.size)",
            ])
    }

    // MARK: - Handing out and ending

    /// The audit entry of somebody's reading the evidence.
    package static func readingEntry(_ evidence: EvidenceRecord, by principal: Principal, at instant: Timestamp)
        -> AuditEntry
    { entry("evidence.read", evidence, by: principal.name, at: instant) }

    /// Forgets evidence that was kept as long as is set, and what stopped coming.
    /// - Returns: Whether there may be more to forget.
    package func forgetEvidence() async throws -> Bool {
        try await evidenceFolder.sweep(at: now)
        let instant = now
        let forgotten = try await evidenceStore.forgetEvidence(receivedBefore: now - settings.evidenceRetention) {
            Self.entry("evidence.forgotten", $0, by: Principal.system.name, at: instant)
        }
        for evidence in forgotten where try await !evidenceStore.isEvidence(evidence.sha256) {
            try await evidenceFolder.remove(evidence.sha256)
        }
        return !forgotten.isEmpty
    }
}

extension SumFolder.Draft {
    fileprivate init(_ order: OrderID, _ evidence: Evidence) {
        self.init(owner: "\(order)", sha256: evidence.sha256, size: evidence.size)
    }
}

extension FleetError {
    /// No order brought such evidence, or it has not come yet.
    static func unknownEvidence(_ order: OrderID) -> FleetError {
        FleetError(
            code: "evidence.unknown", message: "There is no evidence of the order \(order).",
            remedy: "`cordon evidence list` lists what there is; `cordon order show` says whether more is to come.")
    }

    /// The bytes are not what was kept.
    package static func damagedEvidence(_ order: OrderID) -> FleetError {
        FleetError(
            code: "evidence.damaged", message: "The bytes of the evidence of order \(order) are not there whole.",
            remedy: "Restore the controller's folder `evidence` from its backup.")
    }
}
