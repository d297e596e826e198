internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import Synchronization

/// Orders that look and bring evidence.
extension Enforcer {
    /// Looks on a thread that others go before, one look at a time.
    func quietly(
        _ order: Order, within patience: Duration, _ look: @escaping @Sendable () throws -> Verdict
    ) throws -> Verdict {
        let result = try looking.run(within: patience) {
            Result { try look() }
        } late: { result in
            // Nobody awaits what it brought.
            if case .success(let verdict) = result, verdict.evidence != nil {
                (try? self.openEvidence())?.sent(order.id)
            }
        }
        return try result.get()
    }

    /// Of collecting one file: of gigabytes on a slow disk.
    static let patienceOfCollection = Duration.seconds(900)
    /// What a triage may take besides its own time, to put down what it has.
    static let graceOfTriage = Duration.seconds(30)

    func collect(
        _ wanted: FileCollection, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        try checkOwn(wanted.path)
        let file = try OpenedFile(wanted.path)
        try policy.checkSecret(file.status, wanted.path)
        try policy.checkSecret(head: file, wanted.path)
        let size = file.status.identity.size
        let draft = try draft(order.id, need: min(size, wanted.mostBytes), atMost: wanted.mostBytes, policy)
        let copy = try FileCopy(file, into: draft, atMost: wanted.mostBytes)
        let evidence = try draft.finish(name: file.place.name)
        if let digest = wanted.digest, digest != HexDigit.text(evidence.sha256) {
            try openEvidence().sent(order.id)
            throw EnforceError(
                "file.other", "\(wanted.path) is not the file that the order means: its SHA-256 is another.")
        }
        let status = file.status
        let line =
            "collected \(wanted.path): \(copy.copied) of \(size) bytes, SHA-256 \(HexDigit.text(evidence.sha256)), owner "
            + "\(status.user):\(status.group), mode \(String(status.mode & 0o7777, radix: 8)), modified "
            + "\(Timestamp(seconds: status.identity.modified.seconds))"
        let message =
            copy.notes.isEmpty
            ? "\(wanted.path) is collected: \(copy.copied) bytes."
            : "\(wanted.path) is collected, but \(copy.notes.joined(separator: "; "))."
        return Self.brought(evidence, [line] + copy.notes, message, begun)
    }

    func lookAround(
        _ triage: Triage, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let draft = try draft(order.id, need: CatalogueEntry.smallestTriage, atMost: triage.mostBytes, policy)
        let tables = try TriageLook(triage, policy, now: clock.now).run(into: draft)
        let host = TextFile.line("/proc/sys/kernel/hostname") ?? "host"
        let evidence = try draft.finish(name: "triage-\(host.filter { $0.isLetter || $0.isNumber || $0 == "-" }).tar")
        let short = tables.compactMap { table in table.stopped.map { "\(table.name): \($0.rawValue)" } }
        let lines = tables.map { table in
            "\(table.name): \(table.rows) rows" + (table.stopped.map { "; \($0.rawValue)" } ?? "")
        }
        let message =
            short.isEmpty
            ? "The triage has \(evidence.size) bytes in \(tables.count) tables."
            : "The triage has \(evidence.size) bytes, but is not whole (\(short.joined(separator: "; ")))."
        return Self.brought(evidence, lines, message, begun)
    }

    /// The verdict on a look that brought something.
    static func brought(
        _ evidence: Evidence, _ lines: [String], _ message: String, _ begun: ContinuousClock.Instant
    ) -> Verdict {
        let proof = Proof(
            applied: lines, appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "evidence_kept", passed: true,
                    observed:
                        "\(evidence.size) bytes, SHA-256 \(HexDigit.text(evidence.sha256)), until the controller has them"
                )
            ])
        return Verdict(outcome: .succeeded, message: message, proof: proof, evidence: evidence)
    }

    /// Evidence to be filled, within what the order and this host's policy allow.
    /// - Parameter need: Bytes without which there is no use in beginning.
    func draft(_ order: OrderID, need: Int64, atMost most: Int64, _ policy: LocalPolicy) throws -> EvidenceDraft {
        let store = try openEvidence()
        let used = store.used
        let allowed = try policy.evidenceAllowance(need: need, held: used.held, lastHour: used.lastHour)
        let free = store.free
        guard free >= min(need, allowed) else {
            throw EnforceError(
                "file.disk_full", "The evidence needs \(need) bytes; the disk has room for \(free).",
                remedy: "Free some space, or ask for less.")
        }
        return try store.draft(of: order, limit: min(most, allowed, free))
    }

    /// What is kept for the controller, opened at its first use: a host whose disk refuses it can still be isolated.
    func openEvidence() throws -> EvidenceStore {
        try evidenceStore.withLock { opened in
            if let opened { return opened }
            let fresh = try EvidenceStore(folder: configuration.stateDirectory + "/evidence", now: clock.now)
            opened = fresh
            return fresh
        }
    }

    /// The next part for the controller, by what it has.
    func evidence(_ mark: Cordon_V1_EvidenceMark) throws -> Cordon_V1_EvidencePart {
        let store = try openEvidence()
        var part = Cordon_V1_EvidencePart()
        let order = OrderID(bytes: mark.orderID)
        if let order, mark.state == .wanted, let offset = Int64(exactly: mark.offset),
            let bytes = try store.part(of: order, at: offset), !bytes.isEmpty
        {
            part.orderID = order.data
            part.offset = mark.offset
            part.content = Data(bytes)
            return part
        }
        if let order, mark.state == .kept {
            store.sent(order)
            log.notice("evidence is with the controller", metadata: ["order": "\(order)"])
        }
        if let next = store.next(after: order) { part.orderID = next.data }
        return part
    }
}
