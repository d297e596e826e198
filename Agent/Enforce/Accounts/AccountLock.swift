internal import CordonModel

/// Locks accounts of people against every way of signing in, and unlocks them: the password by the mark `!`, as
/// passwd -l does, and the account itself by an expiry in the past, as `usermod -e 1` does, which keys, cron and at heed
/// too (pam_unix(8)).
struct AccountLock: Sendable {
    let accounts: Accounts
    let policy: LocalPolicy
    let agentUser: UInt32
    /// How long to wait for another program that changes accounts, such as an open vipw(8).
    var patience = Duration.seconds(5)

    private static let mark = UInt8(ascii: "!")
    /// The second of January 1970: `0` has no clear meaning (shadow(5)).
    private static let past = [UInt8(ascii: "1")]

    private var shadow: ShadowFile { ShadowFile(folder: accounts.folder, patience: patience) }

    /// Who may be locked: a person's account, not the last one that may become root, and none that policy protects.
    func check(_ name: String) throws -> Accounts.Account {
        guard let account = try accounts.account(name) else {
            throw EnforceError(
                "account.unknown", "This host has no local account \(name).",
                remedy: "An account of a directory is locked there.")
        }
        guard account.user != 0 else { throw Refusal("built-in: root", "root is never locked.") }
        guard account.user != agentUser else { throw Refusal("built-in: agent", "\(name) is the agent's own user.") }
        guard (Accounts.firstOfPeople...Accounts.lastOfPeople).contains(account.user) else {
            throw Refusal(
                "built-in: system account", "\(name) (\(account.user)) is a service's account, not a person's.")
        }
        if policy.protectedUsers.value[account.user] != nil {
            throw Refusal("protected_users", policy.protectedUsers, "This host's policy protects \(name).")
        }
        guard try !accounts.isLastAdministrator(account) else {
            throw Refusal("built-in: last administrator", "\(name) is the last account here that may become root.")
        }
        return account
    }

    /// What the account is now, and locking it will change.
    func plan(_ account: Accounts.Account) throws(EnforceError) -> LockedAccount {
        guard let entry = try shadow.entry(of: account.name) else {
            throw EnforceError("account.no_shadow", "\(account.name) has no line in \(accounts.folder)/shadow.")
        }
        return LockedAccount(
            name: account.name, user: account.user, hadMark: entry.password.first == Self.mark, expiry: entry.expiry)
    }

    /// Locks it in both ways, whatever of it is locked already.
    func apply(_ locked: LockedAccount) throws(EnforceError) {
        try shadow.change(locked.name) { entry in
            if entry.password.first != Self.mark { entry.password.insert(Self.mark, at: 0) }
            entry.expiry = Self.past
        }
    }

    /// Takes away what `apply` put there, and nothing that somebody changed since.
    func unlock(_ locked: LockedAccount) throws(EnforceError) {
        try shadow.change(locked.name) { entry in
            if !locked.hadMark, entry.password.first == Self.mark { entry.password.removeFirst() }
            if entry.expiry == Self.past { entry.expiry = locked.expiry }
        }
    }

    /// Whether it is locked in both ways.
    func isLocked(_ name: String) throws(EnforceError) -> Bool {
        guard let entry = try shadow.entry(of: name) else { return false }
        return entry.password.first == Self.mark && entry.expiry == Self.past
    }

    /// Locks again what somebody unlocked, and says what it was then; `nil` when nobody had.
    func hold(_ locked: LockedAccount) throws(EnforceError) -> LockedAccount? {
        guard let account = try accounts.account(locked.name), try !isLocked(locked.name) else { return nil }
        var again = try plan(account)
        // One half of it may be ours still.
        if again.expiry == Self.past { again.expiry = locked.expiry }
        again.hadMark = again.hadMark && locked.hadMark
        try apply(again)
        return again
    }

    /// Changes whenever an account may have been unlocked.
    var version: [Int64] { shadow.version }
}

/// What an account was before it was locked. The password itself is not kept here: only whether it bore the mark.
struct LockedAccount: Sendable, Equatable {
    var name: String
    var user: UInt32
    var hadMark: Bool
    var expiry: [UInt8]

    /// For the journal.
    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.put(text: name)
        writer.put(Int64(user))
        writer.put(UInt8(hadMark ? 1 : 0))
        writer.put(expiry)
        return writer.bytes
    }

    init(name: String, user: UInt32, hadMark: Bool, expiry: [UInt8]) {
        self.name = name
        self.user = user
        self.hadMark = hadMark
        self.expiry = expiry
    }

    /// Reads what `bytes` wrote; `nil` for anything else.
    init?(bytes: [UInt8]) {
        var reader = RecordReader(bytes[...])
        guard let name = reader.text(), let user = reader.number().flatMap({ UInt32(exactly: $0) }),
            let hadMark = reader.byte(), let expiry = reader.bytes(), reader.isAtEnd
        else { return nil }
        self.init(name: name, user: user, hadMark: hadMark == 1, expiry: expiry)
    }
}
