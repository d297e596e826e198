package import CordonModel
package import CordonTrust

extension Fleet {
    /// Makes an enrolment token. Its text is in the answer and nowhere else.
    /// - Parameters:
    ///   - uses: 1 to 100,000.
    ///   - lifetime: 1 minute to 90 days.
    ///   - controller: Where agents reach this controller.
    package func createToken(
        uses: Int, lifetime: Duration, group: String, controller: ControllerAddress, by principal: Principal
    ) async throws -> NewToken {
        guard (1...100_000).contains(uses) else {
            throw FleetError(code: "token.uses", message: "A token can be used 1 to 100000 times, not \(uses).")
        }
        guard lifetime >= .seconds(60), lifetime <= .seconds(90 * 86_400) else {
            throw FleetError(code: "token.lifetime", message: "A token lives between a minute and 90 days.")
        }
        guard group.utf8.count <= 63, group.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw FleetError(
                code: "token.group", message: "A group's name has at most 63 printable ASCII characters without spaces."
            )
        }
        let token = try EnrolmentToken(
            id: surroundings.identifier(), controller: controller, authority: keys.authority.anchor.fingerprint,
            policyRoot: Fingerprint(of: keys.policyRoot.rawBytes))
        guard let hash = Fingerprint(bytes: token.secretHash) else {
            throw FleetError(code: "token.hash", message: "The token has no hash.")
        }
        let made = now
        let record = TokenRecord(
            id: token.id, secretHash: hash, uses: uses, expiresAt: made + lifetime, group: group, createdAt: made,
            createdBy: principal.name)
        let entry = AuditEntry(
            at: made, actor: principal.name, verb: "token.created", subject: "token:\(token.id)",
            details: ["uses": "\(uses)", "expires": "\(record.expiresAt)", "group": group])
        try await tokenStore.add(record, recording: [entry])
        return NewToken(text: token.text, record: record)
    }

    /// Every token, newest first, without secrets.
    package func tokens() async throws -> [TokenRecord] { try await tokenStore.allTokens() }

    /// Makes a token useless from now on; hosts that enrolled with it stay.
    package func withdrawToken(_ id: TokenID, by principal: Principal) async throws {
        guard let token = try await tokenStore.token(id) else {
            throw FleetError(
                code: "token.unknown", message: "There is no token \(id).",
                remedy: "`cordon token list` shows those there are.")
        }
        guard token.withdrawnAt == nil else { return }
        let entry = AuditEntry(at: now, actor: principal.name, verb: "token.withdrawn", subject: "token:\(id)")
        try await tokenStore.withdraw(id, at: now, recording: [entry])
    }
}
