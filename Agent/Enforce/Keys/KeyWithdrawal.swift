internal import CordonModel
internal import Glibc

/// Takes one key of an account out of the files that sshd reads, and puts it back.
struct KeyWithdrawal: Sendable {
    let accounts: Accounts
    let policy: LocalPolicy

    /// The account, with its home folder as it really is: that a part of it is root's link is no harm, and another's file is
    /// not changed through the account's own.
    func account(_ name: String) throws -> Accounts.Account {
        guard var account = try accounts.account(name) else {
            throw EnforceError(
                "account.unknown", "This host has no local account \(name).",
                remedy: "Keys of an account of a directory are removed where it keeps them.")
        }
        if let real = unsafe realpath(account.home, nil) {
            defer { unsafe free(real) }
            account.home = unsafe String(cString: real)
        }
        return account
    }

    /// Who may lose a key.
    func check(_ account: Accounts.Account) throws(Refusal) {
        if policy.protectedUsers.value[account.user] != nil {
            throw Refusal("protected_users", policy.protectedUsers, "This host's policy protects \(account.name).")
        }
    }

    /// The lines that hold the key, in all files.
    func find(_ digest: [UInt8], of account: Accounts.Account, in files: KeyFiles) throws -> RemovedKey {
        var found = RemovedKey(user: account.name, digest: digest, files: [])
        for path in files.paths {
            guard let file = try AuthorizedKeysFile(path, of: account) else { continue }
            let lines = file.keys.indices(of: digest).map { RemovedKey.Line(index: $0, bytes: file.keys.lines[$0]) }
            if !lines.isEmpty { found.files.append(RemovedKey.File(path: path, lines: lines)) }
        }
        guard found.size <= RemovedKey.limit else {
            throw Refusal("built-in: key size", "The lines of that key have more than \(RemovedKey.limit) bytes.")
        }
        return found
    }

    /// Takes the key out of a file, wherever it stands there now.
    func remove(_ digest: [UInt8], from path: String, of account: Accounts.Account, as name: String) throws {
        guard let file = try AuthorizedKeysFile(path, of: account) else { return }
        var keys = file.keys
        for index in keys.indices(of: digest).reversed() { keys.lines.remove(at: index) }
        if keys != file.keys { try file.replace(with: keys, as: name) }
    }

    /// Puts lines back at their places. Where the key is in the file again, somebody did that already.
    func putBack(_ removed: RemovedKey.File, _ digest: [UInt8], of account: Accounts.Account, as name: String) throws {
        guard let file = try AuthorizedKeysFile(removed.path, of: account) else {
            throw EnforceError(
                "key.file_gone", "\(removed.path) is not there any more: the key was not put back.",
                remedy: "Make it, then undo again.")
        }
        guard file.keys.indices(of: digest).isEmpty else { return }
        var keys = file.keys
        for line in removed.lines { keys.lines.insert(line.bytes, at: min(max(line.index, 0), keys.lines.count)) }
        try file.replace(with: keys, as: name)
    }
}
