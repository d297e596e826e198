package import CordonModel

extension Access {
    /// Makes an API token.
    /// - Returns: What is kept of it, and the token itself, to be shown once.
    /// - Throws: ``AccessError``: `access.malformed_name`, `access.token_lifetime`.
    package func createToken(
        name: String, role: Role, lifetime: Duration, by principal: Principal
    ) async throws -> (token: APIToken, secret: String) {
        guard Self.isName(name) else { throw AccessError.malformedName }
        guard lifetime >= .seconds(60), lifetime <= .seconds(366 * 86_400) else { throw AccessError.tokenLifetime }
        let secret = Secret.make(prefix: Secret.tokenPrefix, random: surroundings.random)
        let now = surroundings.now()
        let token = APIToken(
            id: surroundings.identifier(), tokenHash: Secret.hash(secret), name: name, role: role,
            createdBy: principal.name, createdAt: now, expiresAt: now + lifetime
        )
        let details = ["name": name, "role": role.rawValue, "expires": "\(token.expiresAt)"]
        try await repository.insert(
            token, recording: [entry("api_token.created", by: principal.name, "token:\(token.id)", details)])
        return (token, secret)
    }

    /// All API tokens, newest first; the revoked and expired too.
    package func tokens() async throws -> [APIToken] { try await repository.apiTokens() }

    /// Ends an API token at once.
    /// - Throws: ``AccessError``: `access.unknown_token`.
    package func revokeToken(_ id: TokenID, by principal: Principal) async throws {
        let hash = try await repository.apiTokens().first { $0.id == id }?.tokenHash
        try await repository.revoke(
            id, at: surroundings.now(), recording: [entry("api_token.revoked", by: principal.name, "token:\(id)")]
        )
        if let hash { watch.end(HexDigit.text(hash)) }
    }
}
