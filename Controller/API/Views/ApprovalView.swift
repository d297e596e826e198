internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTrust

/// What people need to approve an order with keys of their own.
enum ApprovalView {
    static let schema = Schema.named(
        "OrderApprovals",
        .object([
            .required(
                "order", .text(.plain, length: 0...8_000_000),
                "The bytes that the controller signed, hex: what people sign."),
            .required(
                "approvers",
                .list(
                    .object([
                        .required("person", .string), .required("key", .string, "The key's name, hex."),
                        .optional("passkey", passkey, "Of a passkey only: what a browser needs to ask for it."),
                    ]), most: 64
                ),
                "Whose keys hosts believe."),
            .required("challenge", .string, "What a passkey is asked to sign, in base 64 for URLs."),
            .required("approved_by", .list(.string, most: 16)),
        ])
    )

    private static let passkey = Schema.object([
        .required("relying_party", .string), .required("credential", .string, "In base 64 for URLs."),
    ])

    static func json(_ record: OrderRecord, _ approvers: [Approver]) -> JSONValue {
        [
            "order": .text(HexDigit.text(record.signedOrder)),
            "approvers": .array(approvers.map(json)),
            "challenge": .text(Base64URL.text(Assertion.challenge(for: record.signedOrder))),
            "approved_by": .array(record.approvedBy.map { .text($0) }),
        ]
    }

    private static func json(_ approver: Approver) -> JSONValue {
        var shown = JSONObject()
        shown["person"] = .text(approver.person)
        shown["key"] = .text(HexDigit.text(approver.id))
        shown["passkey"] = approver.passkey.map { passkey in
            [
                "relying_party": .text(passkey.relyingParty),
                "credential": .text(Base64URL.text(passkey.credentialID)),
            ]
        }
        return .object(shown)
    }
}
