internal import ControllerIntake
internal import CordonModel
internal import CordonTrust
internal import GRDB

/// Writes one batch inside one transaction.
struct BatchWriter {
    let batch: CheckedBatch
    let connection: GRDB.Database

    /// The stream of (agent, epoch) and how far it had come.
    private struct Stream {
        let number: Int64
        let position: Int64
        let isNew: Bool
    }

    /// Writes what is new and moves the position on.
    func write(recording audit: inout [AuditEntry]) throws -> IntakeReceipt {
        let stream = try openStream()
        let first = Int64(clamping: batch.firstSequence)
        let known = Int(min(max(0, stream.position - first + 1), Int64(batch.items.count)))
        let last = first + Int64(batch.items.count) - 1
        var receipt = IntakeReceipt(sequence: UInt64(clamping: max(stream.position, batch.items.isEmpty ? 0 : last)))
        receipt.duplicates = known
        receipt.accepted = batch.items.count - known
        guard receipt.accepted > 0 else { return receipt }
        if !stream.isNew, first > stream.position + 1 { try noteJump(stream, to: first) }
        for (offset, item) in batch.items.enumerated().dropFirst(known) {
            try write(item, stream.number, first + Int64(offset), &receipt, &audit)
        }
        try connection.run(
            "UPDATE intake_stream SET position = $1, used_at = $2 WHERE stream = $3", last, batch.receivedAt,
            stream.number
        )
        return receipt
    }

    private func openStream() throws -> Stream {
        let sql = "SELECT stream, position FROM intake_stream WHERE agent = $1 AND epoch = $2"
        if let row = try connection.row(sql, batch.agent, batch.epoch) {
            return Stream(number: try row.integer("stream"), position: try row.integer("position"), isNew: false)
        }
        let highest =
            try connection.row("SELECT COALESCE(MAX(stream), 0) AS highest FROM intake_stream")?.integer("highest") ?? 0
        try connection.run(
            "INSERT INTO intake_stream (stream, agent, epoch, position, used_at) VALUES ($1, $2, $3, 0, $4)",
            highest + 1, batch.agent, batch.epoch, batch.receivedAt
        )
        return Stream(number: highest + 1, position: 0, isNew: true)
    }

    /// An agent never skips numbers: either its spool lost some, or this database is a restored copy.
    private func noteJump(_ stream: Stream, to first: Int64) throws {
        let lost = first - stream.position - 1
        let gap = Gap(
            source: "link", noticedAt: batch.receivedAt,
            message: "Numbers \(stream.position + 1) to \(first - 1) never arrived.",
            items: Int(clamping: lost)
        )
        try write(gap, stream.number, stream.position + 1)
    }

    private func write(
        _ item: CheckedItem, _ stream: Int64, _ sequence: Int64, _ receipt: inout IntakeReceipt,
        _ audit: inout [AuditEntry]
    ) throws {
        switch item {
        // In its day's file already.
        case .event: break
        case .gap(let gap): try write(gap, stream, sequence)
        case .aside(let reason, let bytes):
            try setAside(reason, bytes, stream, sequence)
            receipt.aside += 1
        case .alert(let alert):
            let writer = AlertWriter(batch: batch, connection: connection)
            guard let id = try writer.write(alert, recording: &audit) else {
                try setAside(
                    "The alert's identifier is another agent's.", Array(try AlertDocument.text(of: alert).utf8), stream,
                    sequence)
                receipt.aside += 1
                return
            }
            if !receipt.alerts.contains(id) { receipt.alerts.append(id) }
        case .cutAlert(let alert, let reason, let bytes):
            try setAside(reason, bytes, stream, sequence)
            receipt.aside += 1
            if let id = try AlertWriter(batch: batch, connection: connection).write(alert, recording: &audit),
                !receipt.alerts.contains(id)
            {
                receipt.alerts.append(id)
            }
        }
    }

    private func write(_ gap: Gap, _ stream: Int64, _ sequence: Int64) throws {
        try connection.run(
            "INSERT INTO intake_gap (stream, sequence, received_at, document) VALUES ($1, $2, $3, $4)",
            stream, sequence, batch.receivedAt, GapDocument.text(of: gap)
        )
    }

    private func setAside(_ reason: String, _ bytes: [UInt8], _ stream: Int64, _ sequence: Int64) throws {
        try connection.run(
            "INSERT INTO quarantine (stream, sequence, received_at, reason, content) VALUES ($1, $2, $3, $4, $5)",
            stream, sequence, batch.receivedAt, reason, bytes
        )
    }
}

/// A gap as a JSON document.
enum GapDocument {
    private struct Content: Codable {
        let source: String
        let at: Int64
        let message: String
        let items: Int
        /// Class, first and last number of what is missing; absent when it never had numbers.
        var itemClass: String?
        var first: UInt64?
        var last: UInt64?

        enum CodingKeys: String, CodingKey {
            case source, at, message, items, first, last
            case itemClass = "item_class"
        }
    }

    static func text(of gap: Gap) throws -> String {
        try JSONText.text(
            of: Content(
                source: gap.source, at: gap.noticedAt.microseconds, message: gap.message, items: gap.items,
                itemClass: gap.range?.itemClass, first: gap.range?.first, last: gap.range?.last))
    }

    static func gap(of text: String) throws -> Gap {
        let content = try JSONText.value(Content.self, of: text)
        var gap = Gap(
            source: content.source, noticedAt: Timestamp(microseconds: content.at), message: content.message,
            items: content.items
        )
        if let itemClass = content.itemClass, let first = content.first, let last = content.last {
            gap.range = Gap.Range(itemClass: itemClass, first: first, last: last)
        }
        return gap
    }
}
