internal import AgentNetlink
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import Glibc

/// A look at a whole host for people who come later: tables of what runs, talks, starts by itself and was changed lately.
///
/// It only reads. No secrets are among it: no environments, no passwords' hashes, no private keys.
struct TriageLook {
    let files = TriageFiles()
    let policy: LocalPolicy
    private let patience: Duration
    private let mostBytes: Int64
    private let now: @Sendable () -> Timestamp

    /// Bytes that stay for the manifest and the archive's end.
    private static let reserve = 512 << 10

    /// - Parameters:
    ///   - triage: The most bytes and seconds of the whole.
    init(_ triage: Triage, _ policy: LocalPolicy, now: @escaping @Sendable () -> Timestamp) {
        self.policy = policy
        self.now = now
        mostBytes = triage.mostBytes
        patience = triage.patience
    }

    /// What is most fleeting comes first, and what takes long comes last.
    static let names = LiveTable.Name.allCases.map(\.rawValue)

    /// Cuts every table into the draft, as a tar archive; its last file, `manifest.ndjson`, tells of the others.
    func run(into draft: EvidenceDraft) throws -> [TriageTable] {
        let begun = now()
        let end = ContinuousClock.now + patience
        var tables: [TriageTable] = []
        for name in Self.names {
            let room = Int(clamping: draft.left) - Self.reserve - TarFile.length(of: 0)
            // None may take all of the time from those that follow.
            let share = max(.zero, end - ContinuousClock.now) / (name == Self.names.last ? 1 : 2)
            let table = TriageTable(name, cutAt: now(), most: max(0, room), until: ContinuousClock.now + share)
            do throws(TriageTable.Stop) { try fill(table) } catch { table.stopped = error }
            try draft.append(TarFile.entry("\(name).ndjson", table.bytes, time: table.cutAt.seconds)[...])
            table.forget()
            tables.append(table)
        }
        let lines = [head(begun)] + tables.flatMap(\.summary)
        let manifest: [UInt8] = lines.flatMap { line in line.bytes() + [0x0A] }
        try draft.append(TarFile.entry("manifest.ndjson", manifest, time: now().seconds)[...])
        try draft.append(TarFile.end[...])
        return tables
    }

    /// One table alone, with the rows that are wanted.
    /// - Parameter room: Bytes that its rows may have.
    func run(_ wanted: LiveTable, room: Int) -> TriageTable {
        let table = TriageTable(
            wanted.name.rawValue, cutAt: now(), most: max(0, room), until: ContinuousClock.now + wanted.patience,
            where: wanted.condition, mostRows: Int(clamping: wanted.mostRows))
        do throws(TriageTable.Stop) { try fill(table) } catch { table.stopped = error }
        if let field = wanted.condition?.field, !table.knowsField {
            table.note("no row that was looked at has a member \(field)")
        }
        return table
    }

    private func head(_ begun: Timestamp) -> JSONValue {
        [
            "triage": 1, "host": .text(TextFile.line("/proc/sys/kernel/hostname") ?? ""),
            "boot": .text(TextFile.line("/proc/sys/kernel/random/boot_id") ?? ""), "begun": .text("\(begun)"),
            "ended": .text("\(now())"), "most_bytes": .integer(mostBytes),
            "most_seconds": .integer(patience.wholeSeconds),
            "most_rows_of_a_table": .integer(Int64(TriageTable.mostRows)),
            "most_bytes_of_a_table": .integer(Int64(TriageTable.mostBytes)),
        ]
    }

    private func fill(_ table: TriageTable) throws(TriageTable.Stop) {
        switch table.name {
        case "processes": try processes(table)
        case "sockets": try sockets(table)
        case "open_files": try openFiles(table)
        case "logins": try logins(table)
        case "modules": try modules(table)
        case "mounts": try mounts(table)
        case "firewall": try firewall(table)
        case "host": try host(table)
        case "accounts": try accounts(table)
        case "persistence": try persistence(table)
        case "recent_files": try recentFiles(table)
        default: try packages(table)
        }
    }
}
