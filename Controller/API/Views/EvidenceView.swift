internal import ControllerFleet
internal import CordonModel
internal import CordonScan

/// Evidence as the API shows it.
enum EvidenceView {
    static let schema = Schema.named(
        "Evidence",
        .object([
            .required("order", .identifier, "The order that brought it; the evidence is called by it."),
            .required("host", .identifier), .required("case", .nullable(.identifier)),
            .required("kind", .choice(of: ActionKind.self), "Of the order's action."),
            .required("name", .string, "What a person would call the file. Untrusted."),
            .required("sha256", .string, "Of the whole, hexadecimal; checked when it came."),
            .required("size", .count, "Bytes."), .required("received_at", .instant),
        ])
    )

    static func json(_ evidence: EvidenceRecord) -> JSONValue {
        [
            "order": .text("\(evidence.order)"), "host": .text("\(evidence.host)"),
            "case": .describing(evidence.caseID), "kind": .text(evidence.kind.rawValue), "name": .text(evidence.name),
            "sha256": .text(HexDigit.text(evidence.sha256)), "size": .integer(evidence.size),
            "received_at": .text("\(evidence.receivedAt)"),
        ]
    }
}
