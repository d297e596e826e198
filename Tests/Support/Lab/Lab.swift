internal import Glibc

/// Hosts on a network of their own: mount, process, network, name and IPC namespaces below one keeper process.
///
///     web 10.77.0.11   db .12   files .13   controller .2        attacker 203.0.113.66   internet 203.0.113.80
///            └────────────┴── lan 10.77.0.1 ──┘      router      wan 203.0.113.1 ─┴────────────┘
///
/// IPv6 beside it: `fd77::` with the same last part, and `2001:db8:66::`.
///
/// The keeper lives as long as its standard input is open. When this process ends, however it ends, the keeper does, and
/// with it the kernel removes every process, interface, rule and mount of the lab: nothing is left to clean up.
package final class Lab: Sendable {
    /// As whom it is laid out.
    package enum Rights: Sendable {
        case root
        /// In an unprivileged user namespace with this user's subordinate ids.
        case userNamespace

        /// What makes the namespaces.
        var unshare: [String] {
            let user = self == .root ? [] : ["--user", "--map-root-user", "--map-auto"]
            return ["unshare"] + user
                + ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc", "--"]
        }
    }

    /// A host of the lab.
    package enum Space: String, Sendable, CaseIterable {
        case web, db, files, controller, attacker, internet

        /// Its number on its network.
        var number: Int {
            switch self {
            case .web: 11
            case .db: 12
            case .files: 13
            case .controller: 2
            case .attacker: 66
            case .internet: 80
            }
        }

        private var isOutside: Bool { self == .attacker || self == .internet }
        package var ipv4: String { isOutside ? "203.0.113.\(number)" : "10.77.0.\(number)" }
        package var ipv6: String { isOutside ? "2001:db8:66::\(number)" : "fd77::\(number)" }
        var network: String { isOutside ? "wan" : "lan" }
        var gateways: (String, String) { isOutside ? ("203.0.113.1", "2001:db8:66::1") : ("10.77.0.1", "fd77::1") }
    }

    /// The user that cordon-agent runs as.
    package static let agentUser: UInt32 = 64_123

    // First, so that it goes first: what still runs would write into the folder while it is removed.
    private let keeper: Child
    package let rights: Rights
    package let scratch: Scratch
    /// The first process of the lab, as this process's namespace numbers it.
    private let first: pid_t

    /// Lays it out. Throws, saying why, where `Abilities.labObstacle` is not `nil`.
    package init() throws {
        if let obstacle = Abilities.labObstacle { throw TestFailure(obstacle) }
        // A keeper that is gone must not take this process with it.
        _ = signal(SIGPIPE, SIG_IGN)
        rights = Abilities.isRoot ? .root : .userNamespace
        scratch = try Scratch()
        let script = try scratch.file("lab.sh", Self.script)
        keeper = try Child(rights.unshare + ["sh", script, scratch.path], environment: [:], streams: .pipes)
        guard keeper.line(within: .seconds(20)) == "ready" else {
            throw TestFailure("the lab could not be laid out: \(Scratch.text(of: "\(scratch.path)/lab.log"))")
        }
        first = try Self.onlyChild(of: keeper.pid)
    }

    deinit {
        // The keeper removes everything, from within: in a user namespace only it may.
        keeper.shutdownInput()
        _ = Waiting.becomes(within: .seconds(10)) { keeper.ended != nil }
    }

    /// What a shell elsewhere on this machine runs to be in a space, for people.
    package func entry(to space: Space) -> String { (["sudo"] + enter(space, user: nil)).joined(separator: " ") }

    /// A command in a space, or among all of them when none is given; as root of the lab unless a user is.
    package func command(
        _ arguments: [String], in space: Space? = nil, user: UInt32? = nil, environment: [String: String] = [:],
        input: String = "", patience: Duration = .seconds(30)
    ) -> Command {
        Command(enter(space, user: user) + arguments, environment: environment, input: input, patience: patience)
    }

    /// Starts a program that goes on; what it prints is appended to the log file. A descriptor that is handed over is
    /// number 3 there.
    package func daemon(
        _ arguments: [String], in space: Space, user: UInt32? = nil, environment: [String: String] = [:], log: String,
        handing: Int32? = nil
    ) throws -> Daemon {
        let child = try Child(
            enter(space, user: user) + arguments, environment: environment, streams: .log(log), handing: handing)
        return Daemon(child, name: arguments.first ?? "", log: log, lab: self)
    }

    /// Starts a program whose lines are read.
    package func talk(_ arguments: [String], in space: Space, user: UInt32? = nil) throws -> Child {
        try Child(enter(space, user: user) + arguments, environment: [:], streams: .pipes)
    }

    private func enter(_ space: Space?, user: UInt32?) -> [String] {
        var words = ["nsenter", "-t", "\(first)"]
        if rights == .userNamespace { words += ["-U", "--preserve-credentials"] }
        words += ["-m", "-p", "-n", "-i", "-u", "--"]
        if let space { words += ["nsenter", "--net=/run/netns/\(space)", "--uts=/run/utsns/\(space)", "--"] }
        if let user { words += ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"] }
        return words
    }

    /// The one child of a process, once there is one.
    static func onlyChild(of pid: pid_t) throws -> pid_t {
        try Waiting.until("a child of process \(pid)", within: .seconds(10)) {
            Scratch.text(of: "/proc/\(pid)/task/\(pid)/children").split(separator: " ").first.flatMap { pid_t($0) }
        }
    }
}
