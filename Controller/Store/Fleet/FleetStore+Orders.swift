package import ControllerFleet
package import CordonModel
internal import CordonOrders
internal import CordonWire
internal import FoundationEssentials
internal import GRDB
internal import SwiftProtobuf

/// An order is kept as it was signed, and its result as the contract spells it: there is one truth of each, and it can be
/// verified years later. The other columns are for finding it.
extension FleetStore: OrderRepository {
    package func save(_ records: [OrderRecord], recording entries: [AuditEntry]) async throws {
        let rows = try records.map { (record: $0, result: try Self.bytes(of: $0.result)) }
        try await database.write(recording: entries) { connection in
            let statement = try connection.cachedStatement(sql: Self.upsert)
            for (record, result) in rows {
                try statement.execute(arguments: [
                    record.id.blob, record.order.agent.blob, record.order.caseID?.blob,
                    record.order.action.kind.rawValue,
                    record.state.rawValue, record.state.isFinal ? 0 : 1, record.changedAt.microseconds, record.attempts,
                    record.note, Data(record.signed), result, record.revertedBy?.blob,
                ])
            }
        }
    }

    private static let upsert = """
        INSERT INTO fleet_orders (order_id, agent_id, case_id, kind, state, is_open, changed_at, attempts, note, signed,
            result, reverted_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, is_open = excluded.is_open,
            changed_at = excluded.changed_at, attempts = excluded.attempts, note = excluded.note,
            signed = excluded.signed, result = excluded.result, reverted_by = excluded.reverted_by
        """

    package func order(_ id: OrderID) async throws -> OrderRecord? {
        try await database.read { connection in
            try Row.fetchOne(connection, sql: "SELECT * FROM fleet_orders WHERE order_id = $1", arguments: [id.blob])
                .map(Self.record)
        }
    }

    package func openOrders() async throws -> [OrderRecord] {
        try await database.read { connection in
            try Row.fetchAll(connection, sql: "SELECT * FROM fleet_orders WHERE is_open = 1 ORDER BY order_id").map(
                Self.record)
        }
    }

    package func revertible(agent: AgentID, kind: ActionKind) async throws -> [OrderRecord] {
        try await database.read { connection in
            try Row.fetchAll(
                connection,
                sql: """
                    SELECT * FROM fleet_orders WHERE agent_id = $1 AND kind = $2 AND state IN ('succeeded', 'unknown')
                    ORDER BY order_id
                    """,
                arguments: [agent.blob, kind.rawValue]
            ).map(Self.record)
        }
    }

    package func orders(_ filter: OrderFilter) async throws -> [OrderRecord] {
        let query = Self.query(filter)
        return try await database.read { connection in
            try Row.fetchAll(connection, sql: query.sql, arguments: query.arguments).map(Self.record)
        }
    }

    private static func query(_ filter: OrderFilter) -> (sql: String, arguments: StatementArguments) {
        var conditions: [String] = []
        var arguments: [any DatabaseValueConvertible] = []
        func bind(_ value: any DatabaseValueConvertible) -> String {
            arguments.append(value)
            return "$\(arguments.count)"
        }
        if let agent = filter.agent { conditions.append("agent_id = \(bind(agent.blob))") }
        if let caseID = filter.caseID { conditions.append("case_id = \(bind(caseID.blob))") }
        if let before = filter.before { conditions.append("order_id < \(bind(before.blob))") }
        if !filter.states.isEmpty {
            let states = filter.states.map(\.rawValue).sorted().map { bind($0) }.joined(separator: ", ")
            conditions.append("state IN (\(states))")
        }
        if !filter.kinds.isEmpty {
            let kinds = filter.kinds.map(\.rawValue).sorted().map { bind($0) }.joined(separator: ", ")
            conditions.append("kind IN (\(kinds))")
        }
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let limit = bind(min(max(filter.limit, 1), 1000))
        return (
            "SELECT * FROM fleet_orders\(condition) ORDER BY order_id DESC LIMIT \(limit)",
            StatementArguments(arguments)
        )
    }

    private static func bytes(of result: OrderResult?) throws -> Data? {
        try result.map { try Cordon_V1_OrderResult($0).serializedData() }
    }

    private static func record(_ row: Row) throws -> OrderRecord {
        guard let state = OrderState(rawValue: row["state"]), let signed = row["signed"] as Data?,
            let envelope = try? Cordon_V1_SignedOrder(serializedBytes: signed),
            let order = try? Cordon_V1_Order(serializedBytes: envelope.order).model()
        else { throw StoreError.damagedRow("fleet_orders") }
        let result = try (row["result"] as Data?).map { bytes in
            guard let result = try? Cordon_V1_OrderResult(serializedBytes: bytes).model() else {
                throw StoreError.damagedRow("fleet_orders")
            }
            return result
        }
        return OrderRecord(
            order: order, state: state, changedAt: try row.instant("changed_at", in: "fleet_orders"),
            attempts: row["attempts"], result: result, note: row["note"],
            revertedBy: (row["reverted_by"] as Data?).flatMap { OrderID(bytes: $0) }, signed: Array(signed))
    }
}
