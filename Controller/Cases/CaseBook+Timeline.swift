package import CordonModel

extension CaseBook {
    /// Appends what another part did: an order, an approval, a run. No audit entry: that part has its own.
    /// - Parameter key: What makes a second call for the same happening change nothing, as `order:ID:succeeded`.
    package func append(
        _ kind: TimelineEntry.Kind, to id: CaseID, _ text: String, by actor: String, at instant: Timestamp? = nil,
        reference: String? = nil, key: String? = nil
    ) async throws {
        let now = surroundings.now()
        _ = try await amend(id) { _, amendment in
            amendment.timeline = [
                TimelineDraft(
                    kind, at: instant ?? now, by: actor.cut(bytes: Case.Limits.name), text.cut(bytes: Case.Limits.text),
                    reference: reference?.cut(bytes: Case.Limits.name), key: key?.cut(bytes: Case.Limits.name)
                )
            ]
        }
    }
}
