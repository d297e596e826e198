internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonScan

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
                    .object([.required("person", .string), .required("key", .string, "The key's name, hex.")]), most: 64
                ),
                "Whose keys hosts believe."),
            .required("approved_by", .list(.string, most: 16)),
        ])
    )

    static func json(_ record: OrderRecord, _ approvers: [Approver]) -> JSONValue {
        [
            "order": .text(HexDigit.text(record.signedOrder)),
            "approvers": .array(
                approvers.map { ["person": .text($0.person), "key": .text(HexDigit.text($0.id))] }),
            "approved_by": .array(record.approvedBy.map { .text($0) }),
        ]
    }
}
