import CordonModel

@testable import AgentCollect

/// Reading and joining records of the kernel's audit.
extension FuzzEntry {
    static let audit: [FuzzEntry] = [
        FuzzEntry(name: "audit") { bytes in
            let reading = AuditReading(users: UserNames(folder: nil), processes: ProcessTable(readsProc: false))
            let lines = bytes.split(separator: 0x0A).map { Array($0) }
            let records = lines.compactMap { AuditRecord(line: $0) }.filter { $0.type != "EOE" }
            var assembler = AuditAssembler()
            var joined = lines.compactMap { AuditRecord(line: $0) }
                .flatMap { assembler.take($0, now: $0.key.timestamp) }
            joined += assembler.flushAll()
            try same(
                joined.flatMap { $0.records.map(\.raw) }.sorted { $0.lexicographicallyPrecedes($1) },
                records.map(\.raw).sorted { $0.lexicographicallyPrecedes($1) },
                "every record is in one event")
            try hold(assembler.isEmpty && assembler.waitingBytes == 0, "nothing waits after the end")
            for event in joined {
                try hold(event.records.allSatisfy { $0.key == event.key }, "an event's records have its key")
            }
            for record in reading.records(ofLines: lines) { try checkEvent(of: record) }
        },
        FuzzEntry(name: "audit-netlink", made: [[20, 0, 0, 0, 20, 5]]) { bytes in
            guard let line = AuditNetlink.line(bytes[...]) else { return }
            try hold(!line.contains(0x0A) || bytes.contains(0x0A), "a line break comes from the kernel only")
            guard let record = AuditRecord(line: line) else { return }
            try hold(record.fields.count <= AuditRecord.fieldLimit, "fields have a limit")
        },
    ]
}
