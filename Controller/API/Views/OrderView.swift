internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// Orders as the API shows them.
enum OrderView {
    static let schema = Schema.named(
        "Order",
        .object([
            .required("id", .identifier),
            .required("host", .identifier),
            .required("action", ActionView.schema),
            .required("sentence", .string, "The action as a person would order it, without how long. Untrusted."),
            .required("state", .choice(of: OrderState.self)),
            .required("is_final", .flag, "Whether nothing more is expected, other than being reverted."),
            .required("reason", .string),
            .required("requested_by", .string),
            .required("case", .nullable(.identifier)),
            .required("issued_at", .instant),
            .required("expires_at", .instant),
            .required("changed_at", .instant),
            .required("attempts", .count),
            .required("note", .string, "What is going on, for people."),
            .required("approved_by", .list(.string, most: 16), "People who have signed it with keys of their own."),
            .required("reverted_by", .nullable(.identifier)),
            .required("result", .nullable(result)),
        ])
    )

    private static let result = Schema.named(
        "OrderResult",
        .object([
            .required("outcome", .choice(["succeeded", "failed", "refused"])),
            .required("code", .nullable(.string), "Of a failure."),
            .required("rule", .nullable(.string), "Of a refusal: which rule of the host said no."),
            .required("message", .string), .required("started_at", .instant), .required("finished_at", .instant),
            .required("proof", .nullable(proof)),
            .required("evidence", .nullable(evidence), "What the order brought, as the host says."),
        ])
    )

    private static let evidence = Schema.named(
        "BroughtEvidence",
        .object([
            .required("name", .string, "Untrusted."), .required("sha256", .string, "Hexadecimal."),
            .required(
                "size", .count, "Bytes. The whole may be on its way still: `/evidence/{order}` has it when it is here."),
        ])
    )

    private static let proof = Schema.named(
        "Proof",
        .object([
            .required("applied", .list(.string, most: 100_000)),
            .required("rules_hash", .string, "SHA-256 of the rules in force as the kernel has them."),
            .required("sockets_reset", .count), .required("flows_deleted", .count), .required("applied_us", .count),
            .required(
                "probes",
                .list(
                    .object([.required("name", .string), .required("passed", .flag), .required("observed", .string)]),
                    most: 1000
                )
            ),
        ])
    )

    static func json(_ record: OrderRecord) -> JSONValue {
        let order = record.order
        return [
            "id": .text("\(order.id)"), "host": .text("\(order.agent)"), "action": ActionView.json(order.action),
            "sentence": .text(order.action.sentence),
            "state": .text(record.state.rawValue), "is_final": .flag(record.state.isFinal),
            "reason": .text(order.reason),
            "requested_by": .text(order.requestedBy), "case": .describing(order.caseID),
            "issued_at": .text("\(order.issuedAt)"), "expires_at": .text("\(order.expiresAt)"),
            "changed_at": .text("\(record.changedAt)"), "attempts": .integer(Int64(record.attempts)),
            "note": .text(record.note), "approved_by": .array(record.approvedBy.map { .text($0) }),
            "reverted_by": .describing(record.revertedBy),
            "result": record.result.map(json) ?? .null,
        ]
    }

    private static func json(_ result: OrderResult) -> JSONValue {
        var (outcome, code, rule) = ("succeeded", JSONValue.null, JSONValue.null)
        switch result.outcome {
        case .succeeded: break
        case .failed(let reason): (outcome, code) = ("failed", .text(reason))
        case .refused(let name): (outcome, rule) = ("refused", .text(name))
        }
        return [
            "outcome": .text(outcome), "code": code, "rule": rule, "message": .text(result.message),
            "started_at": .text("\(result.startedAt)"), "finished_at": .text("\(result.finishedAt)"),
            "proof": result.proof.map(json) ?? .null,
            "evidence": result.evidence.map { evidence in
                [
                    "name": .text(evidence.name), "sha256": .text(HexDigit.text(evidence.sha256)),
                    "size": .integer(evidence.size),
                ]
            } ?? .null,
        ]
    }

    private static func json(_ proof: Proof) -> JSONValue {
        [
            "applied": .array(proof.applied.map { .text($0) }), "rules_hash": .text(proof.rulesHash),
            "sockets_reset": .integer(Int64(proof.socketsReset)), "flows_deleted": .integer(Int64(proof.flowsDeleted)),
            "applied_us": .integer(proof.appliedMicroseconds),
            "probes": .array(
                proof.probes.map {
                    ["name": .text($0.name), "passed": .flag($0.passed), "observed": .text($0.observed)]
                }
            ),
        ]
    }
}
