internal import Glibc

/// The real cordon-controller, in its space of a lab, as a user that is not root.
package final class LabController: Sendable {
    package let lab: Lab
    package let binaries: Binaries
    package let fleet: String
    /// The data folder.
    package let data: String
    /// What `init` printed.
    package let notice: String
    /// The administrator's password.
    package static let password = "correct horse battery staple"
    package static let administrator = "sam"
    /// The user that it runs as, like the package's: not root.
    package static let user: UInt32 = 64_126
    package static let agentsPort = 7443
    package static let peoplePort = 8443

    /// Makes the fleet; nothing serves yet.
    package init(_ lab: Lab, _ binaries: Binaries, fleet: String = "demo") throws {
        self.lab = lab
        self.binaries = binaries
        self.fleet = fleet
        let home = try lab.scratch.folder("controller-\(fleet)", mode: 0o700)
        data = "\(home)/data"
        let secret = try lab.scratch.file("controller-\(fleet)/password", Self.password + "\n", mode: 0o600)
        try lab.command(["chown", "-R", "\(Self.user):\(Self.user)", home]).must()
        let space = Lab.Space.controller
        var words = [binaries["cordon-controller"], "init", "--data", data, "--name", fleet]
        for address in [space.ipv4, space.ipv6] { words += ["--address", address] }
        words += ["--admin", Self.administrator, "--admin-password-file", secret]
        notice = try lab.command(
            words, in: space, user: Self.user, environment: binaries.environment, patience: .seconds(60)
        ).must()
    }

    /// The command that serves.
    package func serving(api port: Int = peoplePort, link: Int = agentsPort) -> Command {
        let words = [
            binaries["cordon-controller"], "serve", "--data", data, "--link", "[::]:\(link)", "--api", "[::]:\(port)",
        ]
        return lab.command(words, in: .controller, user: Self.user, environment: binaries.environment)
    }

    /// Starts it; it answers when this returns.
    package func serve() throws -> Daemon {
        let words = [
            binaries["cordon-controller"], "serve", "--data", data, "--link", "[::]:\(Self.agentsPort)", "--api",
            "[::]:\(Self.peoplePort)",
        ]
        let log = "\(lab.scratch.path)/controller-\(fleet).log"
        let daemon = try lab.daemon(
            words, in: .controller, user: Self.user, environment: binaries.environment, log: log)
        _ = try Waiting.until("an answer of the controller", within: .seconds(30)) { () throws -> Bool? in
            if let status = daemon.ended { throw TestFailure("cordon-controller ended with \(status): \(daemon.tail)") }
            let ports = [Self.agentsPort, Self.peoplePort].map { "\($0)" }
            let open = try ports.allSatisfy { try lab.reaches(.controller, $0, from: .controller, binaries) }
            return open ? true : nil
        }
        return daemon
    }

    /// Where people reach it.
    package var url: String { "https://\(Lab.Space.controller.ipv4):\(Self.peoplePort)" }
    /// The authority's certificate.
    package var authority: String { "\(data)/authority.pem" }
}

extension Lab {
    /// Whether a TCP connection to a space can be made from another, by IPv4 or IPv6.
    package func reaches(
        _ target: Space, _ port: String, from space: Space, over six: Bool = false, user: UInt32? = nil,
        _ binaries: Binaries
    ) throws -> Bool {
        let address = six ? target.ipv6 : target.ipv4
        return try command(
            [binaries["cordon-demo"], "connect", address, port], in: space, user: user,
            environment: binaries.environment
        ).run().status == 0
    }
}
