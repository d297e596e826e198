internal import CordonModel
internal import CordonWire

extension Cordon_V1_Notice {
    /// What a person should hear of it; `nil` for a kind that this version does not know.
    func alert(_ surroundings: Surroundings) -> Alert? {
        guard let rule else { return nil }
        return Alert(
            id: surroundings.identifier(), agent: nil, rule: rule,
            title: text.printable(limit: Alert.Limits.title),
            severity: .high, firstSeen: Timestamp(microseconds: firstUs), lastSeen: Timestamp(microseconds: lastUs),
            count: Int(max(1, count)), deduplicationKey: "\(rule.id)|\(text)", observables: [], evidence: [])
    }

    /// Of each kind. MITRE ATT&CK T1562: Impair Defenses, but for what somebody ran: T1204, User Execution.
    private var rule: RuleReference? {
        switch kind {
        case .drift: Self.rule("drift", "Containment was undone on the host, and put back")
        case .lost: Self.rule("lost", "An isolation ended because the controller was lost")
        case .breakGlass: Self.rule("break_glass", "An isolation was ended from the host itself")
        case .refused: Self.rule("refused", "A host refused what nobody should have ordered")
        case .standing: Self.rule("standing", "A host followed a standing order")
        case .denied: Self.rule("denied", "A program that is blocked was kept from starting", "T1204")
        case .unspecified, .UNRECOGNIZED: nil
        }
    }

    private static func rule(_ kind: String, _ name: String, _ technique: String = "T1562") -> RuleReference {
        RuleReference(id: "cordon.enforcer.\(kind)", name: name, techniques: [technique])
    }
}
