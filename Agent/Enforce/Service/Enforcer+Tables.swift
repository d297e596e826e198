internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// One table of a triage, now.
extension Enforcer {
    func tell(
        _ wanted: LiveTable, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let draft = try draft(order.id, need: 1 << 16, atMost: LiveTable.mostBytes, policy)
        let look = TriageLook(Triage(patience: wanted.patience), policy, now: clock.now)
        let table = look.run(wanted, room: Int(clamping: draft.left) - 2 * TriageTable.mostNotes)
        try draft.append((table.head.bytes() + [0x0A])[...])
        try draft.append(table.bytes[...])
        let evidence = try draft.finish(name: "\(table.name).ndjson")
        let short = table.stopped.map { "; it is not whole: \($0.rawValue)" } ?? ""
        let count = "\(table.rows) row\(table.rows == 1 ? "" : "s")"
        return Self.brought(
            evidence, ["\(table.name): \(count)\(short)"] + table.notes.prefix(20),
            "The table \(table.name) has \(count)\(short).", begun)
    }
}
