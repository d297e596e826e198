/// One file of keys.
struct AuthorizedKeysFile {
    private let file: SmallFile
    let keys: AuthorizedKeys

    /// Opens it; `nil` where there is none. Throws a `Refusal` for what is no file of the account's own or root's: sshd
    /// would not read it either, and another's must not be changed.
    init?(_ path: String, of account: Accounts.Account) throws {
        guard let file = try SmallFile(path, owners: [0, account.user], "\(account.name) or root") else { return nil }
        self.file = file
        keys = AuthorizedKeys(file.bytes)
    }

    /// Puts a file with these lines in its place, with everything else that the old one had, its times too.
    func replace(with keys: AuthorizedKeys, as name: String) throws { try file.replace(with: keys.bytes, as: name) }
}
