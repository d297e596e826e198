internal import CordonTesting
internal import Glibc

/// Something that keeps addresses away from a host, as it is installed and in a folder of the benchmark's own.
protocol Blocker: AnyObject {
    /// With its version.
    var name: String { get }
    /// What is to be known of its rows.
    var note: String { get }

    /// Starts it with nothing blocked.
    func start() throws
    /// Has it block addresses or networks; what it was told may come into force after this returns.
    /// - Parameters:
    ///   - seconds: How long they are blocked.
    ///   - patience: Seconds after which the rest is not told any more.
    func block(_ networks: [String], seconds: Int, patience: Int) throws
    /// Makes ready what is there before anybody blocks an address; what then blocks it is what is timed.
    func readied(_ network: String, seconds: Int) throws -> () throws -> Void
    /// The processes that stay, for their memory.
    var processes: [Int32] { get }
    /// Kills it by SIGKILL: what it left in the kernel stays there.
    func kill()
}

extension Blocker {
    func block(_ networks: [String], seconds: Int) throws { try block(networks, seconds: seconds, patience: 60) }

    func readied(_ network: String, seconds: Int) throws -> () throws -> Void {
        { try self.block([network], seconds: seconds) }
    }

    /// Anonymous memory of its processes, in KiB.
    var memory: Int {
        processes.map { pid in
            let line = Scratch.text(of: "/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
            return line?.split(separator: " ").compactMap { Int($0) }.first ?? 0
        }.reduce(0, +)
    }
}

/// The blockers of a run.
enum Blockers {
    /// Those that are installed, and the names of those that are not.
    static func found(in folder: String) throws -> (there: [any Blocker], missing: [String]) {
        var there: [any Blocker] = [try CordonBlocker("\(folder)/cordon")]
        var missing: [String] = []
        if let peer = try CrowdSecBlocker("\(folder)/crowdsec") {
            there.append(peer)
        } else {
            missing.append("crowdsec-firewall-bouncer")
        }
        if let peer = try Fail2banBlocker("\(folder)/fail2ban") {
            there.append(peer)
        } else {
            missing.append("fail2ban")
        }
        return (there, missing)
    }

    /// The version of a Debian package, `?` where its program came by other means; `nil` where that is not installed.
    static func version(_ package: String, _ program: String) throws -> String? {
        guard try Command(["sh", "-c", "command -v \"$0\"", program]).run().status == 0 else { return nil }
        let told = try Command(["dpkg-query", "-W", "-f", "${Version}", package]).run()
        return told.status == 0 ? String(told.output.prefix { $0 != "-" && $0 != "+" }) : "?"
    }
}
