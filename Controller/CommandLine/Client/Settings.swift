internal import CordonScan
internal import Glibc
internal import SystemPackage

/// What `cordon login` stores: `$XDG_CONFIG_HOME/cordon/config` or `~/.config/cordon/config`, readable by its owner alone.
struct Settings: Sendable {
    var url: String
    var token: String
    /// PEM of the fleet's authority; `nil` to trust what the system trusts.
    var authority: String?

    /// The stored settings with the environment's word over them.
    static func current() throws -> Settings {
        let stored = try stored()
        guard let url = Environment["CORDON_URL"] ?? stored?.url else {
            throw Complaint(.notSignedIn, "Nobody is signed in here.", "Sign in with `cordon login URL`.")
        }
        // A token that was given to one controller is never sent to another.
        let own = stored?.url == url ? stored : nil
        guard let token = Environment["CORDON_TOKEN"] ?? own?.token else {
            throw Complaint(
                .notSignedIn, "There is no session for \(url).",
                "Sign in with `cordon login \(url)`, or set CORDON_TOKEN.")
        }
        let authority = try Environment["CORDON_CA"].map { try File.text($0, limit: 1 << 20) } ?? own?.authority
        return Settings(url: url, token: token, authority: authority)
    }

    /// What the file holds; `nil` without one.
    static func stored() throws -> Settings? {
        guard let path, let file = try File.privateText(path) else { return nil }
        guard let value = try? JSONValue.parse(file), let url = value["url"]?.text, let token = value["token"]?.text
        else {
            throw Complaint(
                .usage, "\(path) is not what `cordon login` writes.", "Sign in again with `cordon login URL`.")
        }
        return Settings(url: url, token: token, authority: value["authority"]?.text)
    }

    /// Writes the file, whole or not at all.
    func store() throws {
        guard let path = Self.path else {
            throw Complaint(.usage, "Neither XDG_CONFIG_HOME nor HOME is set, so there is no place for the session.")
        }
        let value: JSONValue = [
            "url": .text(url), "token": .text(token), "authority": authority.map { .text($0) } ?? .null,
        ]
        try File.writePrivate(value.json(.indented) + "\n", to: path)
    }

    /// Forgets the session.
    static func forget() throws {
        guard let path else { return }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw Complaint(.failed, "\(path) cannot be removed: \(Errno(rawValue: errno)).", "Remove it yourself.")
        }
    }

    private static var path: String? {
        if let home = Environment["XDG_CONFIG_HOME"], home.hasPrefix("/") { return home + "/cordon/config" }
        return Environment["HOME"].map { $0 + "/.config/cordon/config" }
    }
}
