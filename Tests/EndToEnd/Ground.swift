import CordonScan
import CordonTesting

/// A lab with a controller that serves, and somebody signed in to it.
final class Ground {
    let lab: Lab
    let binaries: Binaries
    let controller: LabController
    private(set) var serving: Daemon
    private(set) var people: Operator
    private var daemons: [Daemon] = []

    init() throws {
        lab = try Lab()
        binaries = try Binaries(in: Binaries.besideThisProcess, for: lab)
        controller = try LabController(lab, binaries)
        serving = try controller.serve()
        people = try Operator(controller)
    }

    /// Serves again on the same folder.
    func restartController() throws {
        serving = try controller.serve()
        people = try Operator(controller)
    }

    func token(uses: Int = 1, expires: String = "1h") throws -> String {
        try people.text("token", "create", "--uses", "\(uses)", "--expires", expires).split(separator: "\n").last.map(
            String.init) ?? ""
    }

    /// An enrolled host, online.
    func host(_ space: Lab.Space, policy: String = "") throws -> (host: LabHost, enforcer: Daemon, agent: Daemon) {
        let host = try LabHost(space, in: lab, binaries, policy: policy)
        let enrolled = try host.enrol(try token())
        guard enrolled.status == 0 else { throw TestFailure("\(space) could not enrol: \(enrolled.complaint)") }
        let parts = (host: host, enforcer: try host.startEnforcer(), agent: try host.startAgent())
        try awaitOnline(space)
        return parts
    }

    func awaitOnline(_ space: Lab.Space) throws {
        _ = try Waiting.until("\(space) online", within: .seconds(45)) {
            try people.host(space.rawValue)?["state"]?.text == "online" ? true : nil
        }
    }

    /// Something that answers on port 22 of a space.
    func listen(on space: Lab.Space) throws {
        daemons.append(
            try lab.daemon(
                [binaries["cordon-demo"], "serve", "22"], in: space, environment: binaries.environment,
                log: "\(lab.scratch.path)/serve-\(space).log"
            ).says("ready"))
    }

    func reaches(_ target: Lab.Space, from space: Lab.Space, over six: Bool = false) throws -> Bool {
        try lab.reaches(target, "22", from: space, over: six, binaries)
    }

    /// Has the policy root list people's keys, as options of `cordon key approvers` say, and the controller start anew with
    /// the list.
    func list(_ options: [String]) throws {
        let (list, new) = ("\(controller.data)/order-keys.signed", "\(controller.data)/order-keys.new")
        let words = [binaries["cordon"], "key", "approvers", list, "--root", "\(controller.data).policy-root.key"]
        try lab.command(
            words + options + ["--out", new], in: .controller, user: LabController.user,
            environment: binaries.environment
        ).must()
        serving.kill()
        try lab.command(["mv", new, list]).must()
        try restartController()
    }

    @discardableResult
    func awaitOrder(_ id: String, _ state: String, signedBy people: [String] = []) throws -> JSONValue {
        try Waiting.until("the order \(state), signed by \(people)", within: .seconds(45)) {
            let order = try self.people.look("order", "show", id).last
            return order?["state"]?.text == state && order?["approved_by"]?.texts == people ? order : nil
        }
    }

    /// The isolation orders that there are.
    func isolations() throws -> [JSONValue] {
        try people.look("orders").filter { $0["action"]?["kind"]?.text == "isolate" }
    }
}

extension LabHost {
    /// What sshd writes when somebody guesses five times and gets in.
    func logIntrusion() throws {
        let guesses = (0..<5).map { "sshd[41\($0)]: Failed password for maria from 203.0.113.66 port 4010\($0) ssh2" }
        try log(guesses + ["sshd[420]: Accepted password for maria from 203.0.113.66 port 40110 ssh2"])
    }

    /// Lines of syslog, written now.
    func log(_ lines: [String]) throws {
        let stamp = try Command(["date", "+%b %e %H:%M:%S"]).must().split(separator: "\n").joined()
        let text = lines.map { "\(stamp) \(space) \($0)\n" }.joined()
        try lab.command(["tee", "-a", authLog], input: text).must()
    }
}
