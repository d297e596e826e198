package import CordonModel
internal import Synchronization

/// The door: who may sign in, what for how long, and who is asking.
package final class Access: Sendable {
    /// How long things last.
    package struct Lifetimes: Sendable {
        /// A session that nobody uses ends.
        package var sessionIdle: Duration
        /// A session ends.
        package var session: Duration

        package init(sessionIdle: Duration = .seconds(12 * 3600), session: Duration = .seconds(7 * 86_400)) {
            self.sessionIdle = sessionIdle
            self.session = session
        }
    }

    let repository: any AccessRepository
    let surroundings: Surroundings
    let hasher: PasswordHasher
    let limiter = SignInLimiter()
    let watch = CredentialWatch()
    let lifetimes: Lifetimes

    package init(
        repository: any AccessRepository, surroundings: Surroundings, hasher: PasswordHasher = PasswordHasher(),
        lifetimes: Lifetimes = Lifetimes()
    ) {
        self.repository = repository
        self.surroundings = surroundings
        self.hasher = hasher
        self.lifetimes = lifetimes
    }

    // MARK: - Sign in and out

    /// Opens a session. An unknown name costs the same work and gets the same answer as a wrong password.
    /// - Throws: ``AccessError``: `access.sign_in_refused`, `access.too_many_attempts` or `access.busy`.
    package func signIn(_ name: String, password: String, from source: IPAddress) async throws -> SignIn {
        let user = try await check(name, password: password, from: source)
        return try await open(for: user, from: source)
    }

    /// The user of that name and password, or a refusal that is limited and audited.
    func check(_ name: String, password: String, from source: IPAddress) async throws -> User {
        let shown = Self.printable(name)
        try await admit(shown, source)
        let known = Self.isName(name) ? try await repository.user(named: name) : nil
        let right = try await hasher.verify(
            String(decoding: password.utf8.prefix(4096), as: UTF8.self), against: known?.passwordHash)
        guard right, let user = known?.user else {
            try await repository.record([entry("sign_in.refused", by: shown, "user:\(shown)", ["source": "\(source)"])])
            throw AccessError.wrongPassword
        }
        limiter.succeeded(name: shown, source: source.signInSource)
        return user
    }

    /// Ends the session; does nothing for an API token or a session that has ended.
    package func signOut(_ credential: Credential) async throws {
        guard credential.kind == .session, let hash = HexDigit.bytes(credential.id) else { return }
        let name = credential.principal.name
        try await repository.removeSession(hash, recording: [entry("session.ended", by: name, "user:\(name)")])
        watch.end(credential.id)
    }

    // MARK: - Who is asking

    /// The right behind a bearer token: a session's or an API token's.
    /// - Throws: ``AccessError/notSignedIn``.
    package func authenticate(_ bearer: String) async throws -> Credential {
        if Secret.isWellFormed(bearer, prefix: Secret.sessionPrefix) { return try await session(bearer) }
        if Secret.isWellFormed(bearer, prefix: Secret.tokenPrefix) { return try await token(bearer) }
        throw AccessError.notSignedIn
    }

    /// Whether the credential still holds, without counting as a use of it.
    package func isValid(_ credential: Credential) async throws -> Bool {
        guard let hash = HexDigit.bytes(credential.id) else { return false }
        let now = surroundings.now()
        switch credential.kind {
        case .session: return try await repository.session(hash).map { !hasEnded($0.session, at: now) } ?? false
        case .apiToken: return try await repository.apiToken(hash: hash).map { $0.isValid(at: now) } ?? false
        }
    }

    /// A stream without elements that finishes when the credential is ended by sign-out, revocation or removal of the
    /// user. Expiry is not announced: look with ``isValid(_:)`` now and then.
    package func end(of credential: Credential) -> AsyncStream<Never> { watch.watch(credential.id) }

    // MARK: - Parts

    private func admit(_ name: String, _ source: IPAddress) async throws {
        switch limiter.attempt(name: name, source: source.signInSource, now: surroundings.now()) {
        case .go: return
        case .wait(let wait, let first):
            if first {
                let details = ["source": "\(source)", "wait_s": "\(wait.wholeSeconds)"]
                try await repository.record([entry("sign_in.limited", by: name, "user:\(name)", details)])
            }
            throw AccessError.tooManyAttempts(retryAfter: wait)
        }
    }

    private func open(for user: User, from source: IPAddress) async throws -> SignIn {
        let token = Secret.make(prefix: Secret.sessionPrefix, random: surroundings.random)
        let now = surroundings.now()
        let session = Session(
            tokenHash: Secret.hash(token), user: user.id, createdAt: now, lastSeenAt: now,
            endsAt: now + lifetimes.session,
            source: "\(source)"
        )
        try await repository.insert(
            session,
            forgetting: now - lifetimes.sessionIdle,
            recording: [entry("sign_in.accepted", by: user.name, "user:\(user.name)", ["source": "\(source)"])]
        )
        return SignIn(token: token, credential: credential(of: session, user, token))
    }

    private func session(_ token: String) async throws -> Credential {
        let now = surroundings.now()
        guard let (session, user) = try await repository.session(Secret.hash(token)), !hasEnded(session, at: now) else {
            throw AccessError.notSignedIn
        }
        // A write a minute at most: a page of the console asks many times.
        if now - session.lastSeenAt > .seconds(60) { try await repository.touch(session.tokenHash, at: now) }
        return credential(of: session, user, token)
    }

    private func token(_ secret: String) async throws -> Credential {
        guard let token = try await repository.apiToken(hash: Secret.hash(secret)),
            token.isValid(at: surroundings.now())
        else {
            throw AccessError.notSignedIn
        }
        return Credential(
            kind: .apiToken, principal: Principal(name: "token:\(token.name)", role: token.role),
            id: HexDigit.text(token.tokenHash), formToken: "", expiresAt: token.expiresAt
        )
    }

    private func hasEnded(_ session: Session, at now: Timestamp) -> Bool {
        now >= session.endsAt || now >= session.lastSeenAt + lifetimes.sessionIdle
    }

    private func credential(of session: Session, _ user: User, _ token: String) -> Credential {
        Credential(
            kind: .session, principal: Principal(name: user.name, role: user.role),
            id: HexDigit.text(session.tokenHash),
            formToken: Secret.formToken(of: token), expiresAt: session.endsAt
        )
    }

    func entry(_ verb: String, by actor: String, _ subject: String, _ details: [String: String] = [:]) -> AuditEntry {
        AuditEntry(at: surroundings.now(), actor: actor, verb: verb, subject: subject, details: details)
    }

    /// Whether the text can be a user's or API token's name.
    static func isName(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first else { return false }
        let isPlain: (UInt8) -> Bool = { (97...122).contains($0) || (48...57).contains($0) }
        return isPlain(first) && text.utf8.allSatisfy { isPlain($0) || Array(".-_@".utf8).contains($0) }
    }

    /// A name as it may stand in the audit chain: what nobody could be called is not repeated, it may be a password typed in the wrong place.
    private static func printable(_ name: String) -> String { isName(name) ? name : "(malformed name)" }
}

extension APIToken {
    /// Whether it lets anyone in.
    package func isValid(at instant: Timestamp) -> Bool { revokedAt == nil && instant < expiresAt }
}
