internal import Glibc

/// What this machine and user can do, and what is missing for the rest.
package enum Abilities {
    /// Why no lab of network namespaces can be laid out; `nil` when one can.
    package static let labObstacle: String? = {
        let missing = programs(["unshare", "nsenter", "ip", "setpriv", "perl"])
        guard missing.isEmpty else { return "a lab needs \(missing.joined(separator: ", "))" }
        if isRoot { return trial(Lab.Rights.root) }
        guard programs(["newuidmap"]).isEmpty else {
            return "without root, a lab needs newuidmap (Debian package uidmap) and a line for this user in /etc/subuid"
        }
        return trial(Lab.Rights.userNamespace)
    }()

    /// Why no intrusion over SSH can be staged; `nil` when one can.
    package static let attackObstacle: String? = {
        let missing = programs(["/usr/sbin/sshd", "ssh", "sshpass", "ssh-keygen"])
        return missing.isEmpty ? labObstacle : "staging an attack needs \(missing.joined(separator: ", "))"
    }()

    /// Whether this process is the machine's root.
    package static var isRoot: Bool { geteuid() == 0 }

    /// Those that are not installed.
    package static func programs(_ names: [String]) -> [String] {
        names.filter { name in
            let places = name.hasPrefix("/") ? [name] : Command.path.split(separator: ":").map { "\($0)/\(name)" }
            return !places.contains { unsafe access($0, X_OK) == 0 }
        }
    }

    private static func trial(_ rights: Lab.Rights) -> String? {
        guard let result = try? Command(rights.unshare + ["true"]).run() else { return "unshare cannot be started" }
        return result.status == 0
            ? nil : "namespaces cannot be made here: \(result.errors.split(separator: "\n").first ?? "no reason given")"
    }
}
