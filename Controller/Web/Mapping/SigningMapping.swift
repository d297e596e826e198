internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonTrust

extension SigningPage {
    /// The order as its signed bytes say it.
    /// - Parameter hostName: what the controller calls the host.
    init(_ record: OrderRecord, hostName: String?, approvers: [Approver], frame: Frame, for reader: Reader) {
        let order = record.order
        var facts = [Fact("Host", hostName ?? "\(order.agent)"), Fact("Host's identifier", "\(order.agent)")]
        for (name, value) in order.action.shownParameters.sorted(by: { $0.key < $1.key }) {
            facts.append(Fact(name, Self.words(value)))
        }
        facts += [
            Fact("Asked by", order.requestedBy), Fact("Reason", order.reason), Fact("Expires", "\(order.expiresAt)"),
            Fact("Signed by", record.approvedBy.isEmpty ? "nobody yet" : record.approvedBy.joined(separator: ", ")),
        ]
        if !record.note.isEmpty { facts.append(Fact("Note", record.note)) }
        let able = approvers.filter { !record.approvedBy.contains($0.person) && $0.isBelieved(at: reader.now) }
        let whyNot = Self.refusal(record, able, reader)
        self.init(
            frame: frame, orderID: "\(record.id)", what: order.action.sentence, facts: facts,
            form: whyNot == nil
                ? Form(
                    token: reader.formToken, challenge: Base64URL.text(Assertion.challenge(for: record.signedOrder)),
                    passkeys: Self.entries(able)) : nil,
            whyNotYou: whyNot ?? "")
    }

    private static func refusal(_ record: OrderRecord, _ able: [Approver], _ reader: Reader) -> String? {
        guard record.state == .drafted || record.state == .queued else {
            return "The order is \(record.state.rawValue) and waits for nobody's signature."
        }
        guard reader.may(.responder) else { return "Sending a signature takes the role responder." }
        guard able.contains(where: { $0.passkey != nil }) else {
            return "No passkey is listed of anybody who has not signed yet."
        }
        return nil
    }

    /// `DOMAIN:CREDENTIAL` of each passkey, a space between.
    static func entries(_ approvers: [Approver]) -> String {
        approvers.compactMap(\.passkey).map { "\($0.relyingParty):\(Base64URL.text($0.credentialID))" }
            .joined(separator: " ")
    }

    private static func words(_ value: FieldValue) -> String {
        switch value {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .flag(let flag): flag ? "yes" : "no"
        case .texts(let texts): texts.joined(separator: ", ")
        }
    }
}

extension PasskeysPage.ApproverLine {
    init(_ approver: Approver, now: Timestamp) {
        self.init(
            approver: approver.person, keyName: HexDigit.text(approver.id),
            kind: approver.passkey.map { "passkey of \($0.relyingParty)" } ?? "key in a file",
            until: approver.expiresAt.map { Moment($0, now: now) })
    }
}
