internal import CordonModel
internal import CordonOrders
internal import Glibc

extension LocalPolicy {
    /// Cordon's own keys and state: never evidence, whatever the files of the policy say.
    private static let neverCollected = [
        "/var/lib/cordon-agent/*", "/var/lib/cordon-enforcer/*", "/var/lib/cordon-controller/*",
    ]

    /// Where hosts keep passwords and private keys: evidence only where the owner says so.
    private static let secrets = [
        "*/etc/shadow*", "*/etc/gshadow*", "/var/backups/shadow*", "/var/backups/gshadow*", "*/etc/security/opasswd",
        "*/etc/ssh/ssh_host_*_key", "*/.ssh/id_*", "*/.gnupg/*", "*/etc/ssl/private/*", "*/etc/krb5.keytab",
        "*/etc/letsencrypt/*", "*/etc/ipsec.secrets", "*/etc/ppp/*-secrets", "*/etc/mysql/debian.cnf",
        "*/etc/kubernetes/pki/*", "*/etc/credstore*", "/var/lib/samba/private/*", "*/.aws/credentials", "*/.pgpass",
        "*/etc/wireguard/*", "*/etc/NetworkManager/system-connections/*", "/var/lib/sss/secrets/*",
    ]

    /// Throws the rule that keeps a file from being collected.
    func checkCollection(_ collection: FileCollection) throws(Refusal) {
        let path = collection.path
        if let pattern = Self.neverCollected.first(where: { Glob.matches($0, path) }) {
            throw Refusal("built-in: own file", "\(path) is Cordon's own (\(pattern)).")
        }
        if let pattern = uncollectedPaths.value.first(where: { Glob.matches($0, path) }) {
            throw Refusal(
                "uncollected_paths", uncollectedPaths, "This host's policy keeps \(path) to itself (\(pattern)).")
        }
        if !collectsSecrets.value, let pattern = Self.secrets.first(where: { Glob.matches($0, path) }) {
            throw secret(path, pattern)
        }
    }

    /// Throws for a file that is one of the host's secrets by another name: a hard link, or a mount of it elsewhere.
    func checkSecret(_ file: FileStatus, _ path: String) throws(Refusal) {
        guard !collectsSecrets.value else { return }
        for name in Self.secretNames {
            guard FileStatus(at: name, following: false)?.isSame(as: file) == true else { continue }
            throw secret(path, name)
        }
    }

    private static var secretNames: [String] {
        let keys = TextFile.names(in: "/etc/ssh").filter { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key") }
        return ["/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-"] + keys.map { "/etc/ssh/\($0)" }
    }

    /// The host's secrets that have other names, for asking of many files.
    var secretFiles: [FileStatus] {
        collectsSecrets.value ? [] : Self.secretNames.compactMap { FileStatus(at: $0, following: false) }
    }

    /// Whether the owner keeps an open file to himself: what would not be collected is not matched with rules either, for each
    /// rule is a question to what it holds.
    func keeps(_ file: Descriptor, _ status: FileStatus, _ path: String, _ secrets: [FileStatus]) -> Bool {
        do { try checkCollection(FileCollection(path: path)) } catch { return true }
        guard !collectsSecrets.value else { return false }
        if secrets.contains(where: { $0.isSame(as: status) }) { return true }
        return (try? Self.secretMark(in: file, path)) != .some(nil)
    }

    /// Throws for a file that begins as a private key or as swapped memory does, whatever it is called.
    func checkSecret(head file: OpenedFile, _ path: String) throws {
        guard !collectsSecrets.value else { return }
        if let mark = try Self.secretMark(in: file.file, path) { throw secret(path, mark) }
    }

    private static func secretMark(in file: Descriptor, _ path: String) throws(EnforceError) -> String? {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let head = String(decoding: try file.read(at: 0, into: &buffer, path), as: UTF8.self)
        return ["PRIVATE KEY-----", "SWAPSPACE2"].first { head.contains($0) }
    }

    /// Throws unless this host's owner lets the memory of processes be collected.
    func checkMemory() throws(Refusal) {
        guard collectsMemory.value else {
            throw Refusal(
                "collect_memory", collectsMemory,
                "Memory holds passwords, keys and what people wrote; this host's policy does not let it be collected.")
        }
    }

    /// Throws for what has Cordon's own keys in its memory. Only who runs as one of its users, or as root, is believed.
    func checkMemory(of process: RunningProcess, agentUser: UInt32) throws(Refusal) {
        let users = [0, agentUser, Self.userID("cordon-controller")]
        guard users.contains(process.user), let name = process.executableName,
            ["cordon-agent", "cordon-enforcer", "cordon-controller"].contains(name)
        else { return }
        throw Refusal("built-in: own process", "Process \(process.pid) is Cordon's own (\(name)).")
    }

    private func secret(_ path: String, _ pattern: String) -> Refusal {
        Refusal(
            "collect_secrets", collectsSecrets,
            "\(path) holds secrets of this host (\(pattern)), which are not collected.")
    }

    /// Bytes that one more piece of evidence may have. Throws the rule that leaves less than are needed; of what is longer
    /// than one may be, the beginning is taken.
    func evidenceAllowance(need: Int64, held: Int64, lastHour: Int64) throws(Refusal) -> Int64 {
        let need = min(need, Int64(largestEvidence.value))
        let (hour, room) = (Int64(evidencePerHour.value) - lastHour, Int64(evidenceRoom.value) - held)
        guard hour >= max(need, 1) else {
            throw Refusal(
                "evidence_per_hour", evidencePerHour,
                "\(lastHour) bytes of evidence were cut within the hour; \(need) more would be too many.")
        }
        guard room >= max(need, 1) else {
            throw Refusal(
                "evidence_room", evidenceRoom,
                "\(held) bytes of evidence wait for the controller; there is no room for \(need) more.")
        }
        return min(hour, room, Int64(largestEvidence.value))
    }
}
