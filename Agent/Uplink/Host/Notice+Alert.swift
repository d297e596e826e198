internal import CordonModel
internal import CordonWire

extension Cordon_V1_Notice {
    /// What a person should hear of it; `nil` for a kind that this version does not know.
    func alert(_ surroundings: Surroundings) -> Alert? {
        guard kind == .drift else { return nil }
        return Alert(
            id: surroundings.identifier(), agent: nil, rule: Self.drift,
            title: text.printable(limit: Alert.Limits.title),
            severity: .high, firstSeen: Timestamp(microseconds: firstUs), lastSeen: Timestamp(microseconds: lastUs),
            count: Int(max(1, count)), deduplicationKey: "\(Self.drift.id)|\(text)", observables: [], evidence: [])
    }

    /// MITRE ATT&CK T1562: Impair Defenses.
    private static let drift = RuleReference(
        id: "cordon.enforcer.drift", name: "Containment was undone on the host, and put back", techniques: ["T1562"])
}
