internal import CordonModel
internal import CordonScan
internal import CordonTesting

/// The lab with everything in it running: what the story happens on.
final class Stage {
    let lab: Lab
    let binaries: Binaries
    let controller: LabController
    let people: Operator
    let web: LabHost
    let db: LabHost
    let files: LabHost
    /// The fleet's identifiers of the hosts, by name.
    private(set) var identifiers: [String: AgentID] = [:]
    private var daemons: [Daemon] = []

    /// What the owner of the web server allows: its file server stays reachable whatever anybody orders.
    static let policy = """
        # The nightly backup must not be cut off by a block.
        protected_addresses = ["\(Lab.Space.files.ipv4)"]

        """

    init(binaries folder: String, _ teller: Teller) throws {
        teller.chapter("The lab")
        lab = try Lab()
        binaries = try Binaries(in: folder, for: lab)
        teller.say(
            "lab", "web, db, files and a controller on one network, an attacker and the internet beyond a router")
        if lab.rights == .userNamespace {
            teller.say("lab", "in an unprivileged user namespace: root here is this user outside")
        }
        controller = try LabController(lab, binaries)
        daemons.append(try controller.serve())
        people = try Operator(controller)
        teller.say(
            "controller",
            "the fleet \(controller.fleet) is made and served at \(controller.url) by user \(LabController.user); \(LabController.administrator) signed in"
        )
        web = try LabHost(.web, in: lab, binaries, policy: Self.policy)
        db = try LabHost(.db, in: lab, binaries)
        files = try LabHost(.files, in: lab, binaries)
        for host in [db, files] { try serve(["22"], on: host.space) }
        // Before the agents start: they note whether the canary answers.
        try serve(["443"], on: .internet)
        try enrol(teller)
        keep(try SSHServer(on: web, binaries))
        teller.say("web", "OpenSSH accepts passwords on port 22; its log is \(web.authLog)")
    }

    private func enrol(_ teller: Teller) throws {
        let token = try people.text("token", "create", "--uses", "3", "--expires", "1h", "--group", "demo")
        for host in [web, db, files] {
            let result = try host.enrol(token)
            guard result.status == 0 else { throw TestFailure("\(host.space) could not enrol: \(result.complaint)") }
            daemons.append(try host.startEnforcer())
            daemons.append(try host.startAgent())
        }
        for host in [web, db, files] {
            let row = try Waiting.until("\(host.space) online") { () -> JSONValue? in
                let row = try people.host(host.space.rawValue)
                return row?["state"]?.text == "online" ? row : Optional.none
            }
            guard let id = row["id"]?.text.flatMap({ AgentID($0) }) else {
                throw TestFailure("a host without identifier")
            }
            identifiers[host.space.rawValue] = id
            let kernel = row["facts"]?["kernel"]?.text ?? "unknown"
            teller.say(
                "\(host.space)",
                "enrolled and online: agent as user \(Lab.agentUser), enforcer as root, kernel \(kernel)")
        }
    }

    private func serve(_ ports: [String], on space: Lab.Space) throws {
        daemons.append(
            try lab.daemon(
                [binaries["cordon-demo"], "serve"] + ports, in: space, environment: binaries.environment,
                log: "\(lab.scratch.path)/serve-\(space).log"
            ).says("ready"))
    }

    private var kept: [SSHServer] = []
    private func keep(_ server: SSHServer) { kept.append(server) }

    // MARK: - Packets

    /// Whether a TCP connection can be made.
    func reaches(
        _ target: Lab.Space, _ port: String, from space: Lab.Space, over six: Bool = false, user: UInt32? = nil
    ) throws -> Bool {
        try lab.reaches(target, port, from: space, over: six, user: user, binaries)
    }

    /// A TCP connection that says how it ends.
    func hold(_ target: Lab.Space, _ port: String, from space: Lab.Space) throws -> Child {
        let child = try lab.talk(
            ["env"] + binaries.environment.map { "\($0)=\($1)" } + [
                binaries["cordon-demo"], "hold", target.ipv4, port,
            ], in: space)
        guard child.line() == "open" else {
            throw TestFailure("\(space) cannot connect to \(target) in the first place")
        }
        return child
    }
}
