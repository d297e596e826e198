/// The real OpenSSH server on a host, and the host's syslog daemon that writes what it says into the log that the agent
/// watches. Its users are the lab's, not the machine's.
package struct SSHServer: Sendable {
    /// The account whose password the attacker finds.
    package static let user = "maria"
    package static let password = "sunshine1"
    private let daemons: [Daemon]

    /// Starts both; sshd accepts connections on port 22 when this returns.
    package init(on host: LabHost, _ binaries: Binaries) throws {
        let (lab, folder) = (host.lab, host.folder)
        try Command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/host-key"]).must()
        try lab.command(["chown", "0:0", "\(folder)/host-key"]).must()
        let syslog = try lab.daemon(
            [binaries["cordon-demo"], "syslog", "/dev/log", host.authLog, host.space.rawValue], in: host.space,
            environment: binaries.environment, log: "\(folder)/log/syslog.log"
        ).says("ready")
        var settings = """
            Port 22
            HostKey \(folder)/host-key
            PidFile none
            UsePAM no
            PasswordAuthentication yes
            KbdInteractiveAuthentication no
            PubkeyAuthentication no
            PermitRootLogin no
            UseDNS no
            PrintMotd no
            PrintLastLog no
            LogLevel INFO

            """
        // Since 9.8 sshd itself turns away who fails often; here that is what the product is to do.
        if try Self.version() >= (9, 8) { settings += "PerSourcePenalties no\n" }
        try lab.scratch.file("hosts/\(host.space.rawValue)/sshd_config", settings)
        let sshd = try lab.daemon(
            ["/usr/sbin/sshd", "-D", "-f", "\(folder)/sshd_config"], in: host.space, log: "\(folder)/log/sshd.log")
        _ = try Waiting.until("an answer of sshd") { () throws -> Bool? in
            if let status = sshd.ended { throw TestFailure("sshd ended with \(status): \(sshd.tail)") }
            return try lab.reaches(host.space, "22", from: host.space, binaries) ? true : nil
        }
        daemons = [sshd, syslog]
    }

    /// `OpenSSH_9.2p1 Debian-2, …`.
    private static func version() throws -> (Int, Int) {
        let text = try Command(["ssh", "-V"]).run().complaint
        let numbers = text.drop { $0 != "_" }.dropFirst().prefix { $0.isNumber || $0 == "." }.split(separator: ".")
            .compactMap { Int($0) }
        return (numbers.first ?? 0, numbers.dropFirst().first ?? 0)
    }
}

/// Somebody with a list of passwords.
package struct Attacker: Sendable {
    private let lab: Lab
    private let target: Lab.Space

    /// Five wrong ones and the right one.
    package static let guesses = ["123456", "password", "qwerty", "letmein", "maria2024", SSHServer.password]

    package init(_ lab: Lab, against target: Lab.Space) {
        self.lab = lab
        self.target = target
    }

    /// One real try: whether it got in.
    package func tries(_ password: String) throws -> Bool {
        let result = try lab.command(ssh(password, six: false) + ["true"], in: .attacker, patience: .seconds(20)).run()
        return result.status == 0
    }

    /// A real session that goes on: its shell says `in` every second as long as it lives.
    package func session(_ password: String, six: Bool, log: String) throws -> Daemon {
        let loop = "while echo in; do sleep 1; done"
        return try lab.daemon(ssh(password, six: six) + [loop], in: .attacker, log: log)
    }

    private func ssh(_ password: String, six: Bool) -> [String] {
        [
            "sshpass", "-p", password, "ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o",
            "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=password", "-o",
            "ConnectTimeout=3",
            "\(SSHServer.user)@\(six ? target.ipv6 : target.ipv4)",
        ]
    }
}
