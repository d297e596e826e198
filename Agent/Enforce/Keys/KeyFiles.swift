internal import CordonModel
internal import Glibc

/// Where sshd looks for an account's keys.
struct KeyFiles: Equatable {
    /// Absolute paths.
    var paths: [String]
    /// What people should know of: other ways in, and what was not understood.
    var notes: [String] = []

    static let usual = [".ssh/authorized_keys", ".ssh/authorized_keys2"]
    private static let most = 16

    /// As this host's sshd says for the account; the usual ones where there is none, or where it cannot say.
    init(
        of account: Accounts.Account, sshd: SystemCommand = SystemCommand(paths: ["/usr/sbin/sshd", "/usr/bin/sshd"])
    ) {
        let asked = ["-T", "-C", "user=\(account.name),host=localhost,addr=127.0.0.1"]
        let answer = sshd.isThere ? try? sshd.run(asked, within: .seconds(10)) : nil
        self.init(of: account, settings: answer.flatMap { $0.status == 0 ? $0.text : nil })
    }

    /// The same by what `sshd -T` printed.
    init(of account: Accounts.Account, settings: String?) {
        var named: [String] = []
        for line in (settings ?? "").split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "authorizedkeysfile": named = Array(words.dropFirst().prefix(Self.most))
            case "authorizedkeyscommand", "trustedusercakeys":
                if words.count > 1, words[1] != "none" { notes.append("\(words[0]) \(words[1]) was not looked into") }
            default: continue
            }
        }
        if settings == nil { notes.append("sshd -T did not say which files it reads: the usual ones were looked into") }
        paths = []
        for name in (named.isEmpty ? Self.usual : named).filter({ $0 != "none" }) {
            if let path = Self.path(name, account) {
                if !paths.contains(path) { paths.append(path) }
            } else {
                notes.append("\(name) was not understood")
            }
        }
    }

    /// `%%`, `%h`, `%u` and `%U`, as sshd_config(5) has them; `nil` for other signs.
    private static func path(_ name: String, _ account: Accounts.Account) -> String? {
        var (path, isSign) = ("", false)
        for character in name {
            if isSign {
                switch character {
                case "%": path.append("%")
                case "h": path += account.home
                case "u": path += account.name
                case "U": path += "\(account.user)"
                default: return nil
                }
                isSign = false
            } else if character == "%" {
                isSign = true
            } else {
                path.append(character)
            }
        }
        guard !isSign else { return nil }
        return path.hasPrefix("/") ? path : (account.home.hasSuffix("/") ? account.home : account.home + "/") + path
    }
}
