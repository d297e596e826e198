internal import CordonModel
internal import Glibc

/// The local accounts of a host, as passwd(5), group(5) and shadow(5) tell them. Those of a directory are not here: who
/// wants to lock one does it there.
struct Accounts: Sendable {
    /// Where the three files are.
    let folder: String

    init(folder: String = "/etc") { self.folder = folder }

    /// One account of a person or a service.
    struct Account: Equatable {
        var name: String
        var user: UInt32
        var group: UInt32
        /// As passwd(5) has it.
        var home: String
        /// Whether it can still be signed in to: it has a shell, and has not expired.
        var isUsable: Bool
    }

    /// People's accounts begin here on Debian (login.defs(5), UID_MIN); those below are of services.
    static let firstOfPeople: UInt32 = 1000
    /// `nobody` and what lies beyond belong to nobody.
    static let lastOfPeople: UInt32 = 59_999
    /// Groups whose members may become root by the sudoers files that distributions ship: believed where there is none.
    private static let administrators = ["sudo", "wheel", "admin"]

    /// The account of a name; `nil` when this host has none.
    func account(_ name: String) throws(EnforceError) -> Account? { try all().first { $0.name == name } }

    /// The name of the account of a number; `nil` when this host has none.
    func name(of user: UInt32) throws(EnforceError) -> String? {
        try rows("passwd").first { $0.count > 2 && UInt32($0[2]) == user }?[0]
    }

    /// Whether nobody would be left who surely may become root and can be signed in to, where this account perhaps may.
    func isLastAdministrator(_ account: Account) throws(EnforceError) -> Bool {
        let groups = try groups()
        let sudoers = Sudoers(folder: folder)
        let usual = Sudoers.Who(groups: Set(Self.administrators))
        let (certain, possible) = (sudoers?.certain ?? usual, sudoers?.possible ?? usual)
        func isOne(_ account: Account, _ who: Sudoers.Who) -> Bool {
            who.has(account, groups: groups.filter { $0.number == account.group || $0.members.contains(account.name) })
        }
        guard account.isUsable, isOne(account, possible) || isOne(account, usual) else { return false }
        // root is no other: its password may be locked, and sshd may refuse it.
        return try !all().contains {
            $0.isUsable && $0.user != 0 && $0.name != account.name && isOne($0, certain)
        }
    }

    private func groups() throws(EnforceError) -> [(name: String, number: UInt32, members: [String])] {
        try rows("group").compactMap { fields in
            guard fields.count >= 4, let number = UInt32(fields[2]) else { return nil }
            return (fields[0], number, fields[3].split(separator: ",").map(String.init))
        }
    }

    private func all() throws(EnforceError) -> [Account] {
        let today = Int64(time(nil)) / 86_400
        var expired: Set<String> = []
        for fields in try rows("shadow") where fields.count >= 8 {
            if let day = Int64(fields[7]), day <= today { expired.insert(fields[0]) }
        }
        return try rows("passwd").compactMap { fields in
            guard fields.count >= 7, let user = UInt32(fields[2]), let group = UInt32(fields[3]) else { return nil }
            let hasShell = !["/nologin", "/false"].contains { fields[6].hasSuffix($0) }
            return Account(
                name: fields[0], user: user, group: group, home: fields[5],
                isUsable: hasShell && !expired.contains(fields[0]))
        }
    }

    /// The fields of each line.
    private func rows(_ file: String) throws(EnforceError) -> [[String]] {
        guard let text = TextFile.text("\(folder)/\(file)") else {
            throw .file("read", "\(folder)/\(file)", errno)
        }
        return text.split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
