package import CordonModel

extension Access {
    /// Makes the first administrator of a new fleet.
    /// - Returns: The password that was made up, to be printed once; `nil` when one was given.
    /// - Throws: ``AccessError``: `access.already_initialised`, `access.malformed_name`, `access.weak_password`.
    package func createFirstAdministrator(name: String = "admin", password: String? = nil) async throws -> String? {
        let chosen = password ?? Password.make(random: surroundings.random)
        let (user, hash) = try await prepare(name, .administrator, chosen)
        let record = entry("user.created", by: "system", "user:\(name)", ["role": Role.administrator.rawValue])
        try await repository.insertFirst(user, passwordHash: hash, recording: [record])
        return password == nil ? chosen : nil
    }

    /// Makes a user.
    /// - Returns: The user, and the password that was made up when none was given.
    /// - Throws: ``AccessError``: `access.name_taken`, `access.malformed_name`, `access.weak_password`.
    package func createUser(
        name: String, role: Role, password: String?, by principal: Principal
    ) async throws -> (user: User, password: String?) {
        let chosen = password ?? Password.make(random: surroundings.random)
        let (user, hash) = try await prepare(name, role, chosen)
        let record = entry("user.created", by: principal.name, "user:\(name)", ["role": role.rawValue])
        try await repository.insert(user, passwordHash: hash, recording: [record])
        return (user, password == nil ? chosen : nil)
    }

    /// Everybody who may sign in, by name.
    package func users() async throws -> [User] { try await repository.users() }

    /// Sets a password and ends the user's sessions, save the one that asks.
    /// - Throws: ``AccessError``: `access.unknown_user`, `access.weak_password`.
    package func setPassword(of name: String, to password: String, by credential: Credential) async throws {
        try Password.check(password)
        let user = try await require(name)
        let hash = try await hasher.hash(password, salt: salt())
        let own = credential.kind == .session && credential.principal.name == name ? credential.id : nil
        let ended = try await repository.sessions(of: user.id).map { HexDigit.text($0.tokenHash) }.filter { $0 != own }
        try await repository.setPassword(
            of: user.id, hash: hash, at: surroundings.now(), keeping: own.flatMap { HexDigit.bytes($0) },
            recording: [entry("user.password_set", by: credential.principal.name, "user:\(name)")]
        )
        for session in ended { watch.end(session) }
    }

    /// Changes what a user may do; sessions feel it at their next request.
    /// - Throws: ``AccessError``: `access.unknown_user`, `access.last_administrator`.
    package func setRole(of name: String, to role: Role, by principal: Principal) async throws {
        let user = try await require(name)
        let details = ["from": user.role.rawValue, "to": role.rawValue]
        try await repository.setRole(
            of: user.id, to: role, recording: [entry("user.role_set", by: principal.name, "user:\(name)", details)]
        )
        // Long answers were opened by the old right: they end and are asked for again.
        for session in try await repository.sessions(of: user.id) { watch.end(HexDigit.text(session.tokenHash)) }
    }

    /// Removes a user, ends the sessions, and revokes the API tokens that the user made.
    /// - Throws: ``AccessError``: `access.unknown_user`, `access.last_administrator`.
    package func removeUser(_ name: String, by principal: Principal) async throws {
        let user = try await require(name)
        let sessions = try await repository.sessions(of: user.id).map(\.tokenHash)
        let tokens = try await repository.apiTokens().filter { $0.createdBy == name }.map(\.tokenHash)
        try await repository.remove(
            user, at: surroundings.now(), recording: [entry("user.removed", by: principal.name, "user:\(name)")]
        )
        for hash in sessions + tokens { watch.end(HexDigit.text(hash)) }
    }

    private func require(_ name: String) async throws -> User {
        guard Self.isName(name) else { throw AccessError.malformedName }
        guard let user = try await repository.user(named: name)?.user else { throw AccessError.unknownUser(name) }
        return user
    }

    private func prepare(_ name: String, _ role: Role, _ password: String) async throws -> (User, String) {
        guard Self.isName(name) else { throw AccessError.malformedName }
        try Password.check(password)
        let hash = try await hasher.hash(password, salt: salt())
        let now = surroundings.now()
        return (
            User(id: surroundings.identifier(), name: name, role: role, createdAt: now, passwordChangedAt: now), hash
        )
    }

    private func salt() -> [UInt8] {
        UUIDv7(high: surroundings.random(), low: surroundings.random()).bytes
    }
}

extension Access {
    /// Changes one's own password. The current one is asked for again and limited like a sign-in, so that a session left
    /// open is not enough.
    /// - Throws: ``AccessError``: `access.sign_in_refused`, `access.too_many_attempts`, `access.weak_password`.
    package func changePassword(
        of credential: Credential, from current: String, to password: String, at source: IPAddress
    ) async throws {
        guard credential.kind == .session else { throw AccessError.notSignedIn }
        try Password.check(password)
        _ = try await check(credential.principal.name, password: current, from: source)
        try await setPassword(of: credential.principal.name, to: password, by: credential)
    }
}
