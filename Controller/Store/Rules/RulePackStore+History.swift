package import ControllerRules
internal import GRDB

/// What packs are tried on stands with the events.
extension RulePackStore: EventHistory {
    package func events(
        _ stretch: HistoryStretch, after place: HistoryPlace?, limit: Int
    ) async throws -> HistoryPiece {
        do {
            do { return try await database.events.history(stretch, after: place, limit: limit) } catch let error
                as DatabaseError where error.resultCode == .SQLITE_MISUSE
            {
                // Files of old days are closed now and then: opened again, they go on.
                return try await database.events.history(stretch, after: place, limit: limit)
            }
        } catch { throw StoreError.wrap(error) }
    }
}
