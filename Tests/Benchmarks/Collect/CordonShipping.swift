import Glibc

/// The real agent and the real controller on loopback, with their own TLS: done is when the last line is found by a search
/// there. The controller acknowledges in order and only what is on its disk, so all lines before it are as safe.
struct CordonShipping {
    private let folder: String
    private let binaries: String
    private let home: [String: String]
    /// Agents' and people's.
    private let ports: (Int, Int)
    /// Seconds that one run may take.
    private static let patience = 120.0
    private static let password = "correct horse battery staple"

    /// `nil` where the programs are not beside this one.
    init?(folder: String) {
        guard let binaries = Shell.ownFolder,
            ["cordon-agent", "cordon-controller", "cordon"].allSatisfy({ Shell.isProgram("\(binaries)/\($0)") })
        else { return nil }
        self.binaries = binaries
        self.folder = folder + "/shipping"
        home = ["HOME": self.folder]
        let first = 20_000 + Int(getpid()) % 20_000
        ports = (first, first + 1)
    }

    func measure(_ source: String, _ input: String, _ work: Workload) throws -> Figures {
        try Shell.run(["/bin/mkdir", "-p", "-m", "700", "\(folder)/agent", "\(folder)/etc/policy.d"])
        defer { try? Shell.run(["/bin/rm", "-rf", folder]) }
        let controller = try serve()
        defer { Shell.stop(controller) }
        try enrol(try token(), source, input)
        let receiving = Usage(of: controller)
        let agent = try Shell.start([binaries + "/cordon-agent", "run", "--config", "\(folder)/agent.toml"])
        defer { Shell.stop(agent) }
        let sending = Usage(of: agent)
        while !(try found(work.lastUser)) {
            guard sending.seconds < Self.patience, Shell.isRunning(agent), Shell.isRunning(controller) else {
                throw BenchError("cordon: not all lines came to the controller (\(source))")
            }
            usleep(300_000)
            for usage in [sending, receiving] { usage.look() }
        }
        var figures = Figures(
            sut: "cordon", source: source, leg: "remote", events: work.events, bytes: work.bytes, sending)
        figures.note = "acknowledged when synced in the controller's searchable store; parsed and looked at by rules"
        figures.receive(receiving)
        return figures
    }

    private func serve() throws -> pid_t {
        let program = binaries + "/cordon-controller"
        try Shell.write(Self.password + "\n", to: "\(folder)/password")
        unsafe chmod("\(folder)/password", 0o600)
        try Shell.run([
            program, "init", "--data", "\(folder)/data", "--name", "bench", "--address", "127.0.0.1", "--admin",
            "bench",
            "--admin-password-file", "\(folder)/password",
        ])
        return try Shell.start([
            program, "serve", "--data", "\(folder)/data", "--link", "127.0.0.1:\(ports.0)", "--api",
            "127.0.0.1:\(ports.1)",
        ])
    }

    private func token() throws -> String {
        let login = [
            "login", "https://127.0.0.1:\(ports.1)", "--ca-file", "\(folder)/data/authority.pem", "--user", "bench",
            "--password-stdin",
        ]
        var tries = 0
        while try cordon(login, input: Self.password + "\n") == nil {
            tries += 1
            guard tries < 100 else { throw BenchError("the controller does not answer") }
            usleep(100_000)
        }
        let words = try cordon(["token", "create", "--uses", "1", "--expires", "1h"]) ?? ""
        guard let token = words.split(separator: "\n").last else { throw BenchError("no enrolment token") }
        return String(token)
    }

    private func enrol(_ token: String, _ source: String, _ input: String) throws {
        let section = source == "file" ? "[source.auth]\npath" : "[journal]\nenabled = true\nfolder"
        try Shell.write("0123456789abcdef0123456789abcdef\n", to: "\(folder)/machine-id")
        try Shell.write(
            """
            [agent]
            state = "\(folder)/agent"
            enforcer_socket = "\(folder)/none.sock"
            machine_id = "\(folder)/machine-id"
            [spool]
            megabytes = 8192
            \(section) = "\(input)"
            start = "beginning"

            """, to: "\(folder)/agent.toml")
        let words = [
            binaries + "/cordon-agent", "enroll", "--config", "\(folder)/agent.toml", "--etc", "\(folder)/etc",
            "--token-file", "-",
        ]
        guard try Shell.read(words, input: token + "\n") != nil else { throw BenchError("the agent could not enrol") }
    }

    private func found(_ user: String) throws -> Bool {
        try cordon(["search", "user.name:\(user)", "--json"])?.contains(user) ?? false
    }

    private func cordon(_ words: [String], input: String = "") throws -> String? {
        try Shell.read([binaries + "/cordon"] + words, input: input, environment: home)
    }
}
