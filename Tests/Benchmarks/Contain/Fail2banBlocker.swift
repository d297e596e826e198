internal import CordonTesting
internal import Glibc

/// fail2ban with its action for nftables, told by `fail2ban-client set JAIL banip`.
final class Fail2banBlocker: Blocker {
    let name: String
    let note = "`fail2ban-client set JAIL banip`; its nftables action as shipped, for all protocols"
    private let folder: String
    private var child: Child?
    /// Addresses in one call of the client.
    private static let atOnce = 250

    /// `nil` where it is not installed.
    init?(_ folder: String) throws {
        guard let version = try Blockers.version("fail2ban", "fail2ban-client") else { return nil }
        name = "fail2ban \(version)"
        self.folder = folder
    }

    func start() throws {
        kill()
        Shell.run(
            """
            nft flush ruleset
            rm -rf \(folder); mkdir -p \(folder)/conf/filter.d
            ln -s /etc/fail2ban/action.d \(folder)/conf/action.d
            printf '[Definition]\\nfailregex = ^nobody <HOST>$\\n' > \(folder)/conf/filter.d/bench.conf
            : > \(folder)/lines
            cat > \(folder)/conf/fail2ban.conf <<'END'
            [Definition]
            loglevel = ERROR
            logtarget = \(folder)/log
            syslogsocket = auto
            socket = \(folder)/sock
            pidfile = \(folder)/pid
            dbfile = None
            END
            """)
    }

    /// The length of a ban belongs to the jail: the server starts with the first of them.
    private func serve(seconds: Int) throws {
        Shell.run(
            """
            cat > \(folder)/conf/jail.conf <<'END'
            [bench]
            enabled = true
            backend = polling
            filter = bench
            logpath = \(folder)/lines
            bantime = \(seconds)
            findtime = 600
            maxretry = 5
            usedns = no
            action = nftables[name=bench, type=custom]
            END
            """)
        child = try Child(
            ["fail2ban-server", "-f", "-c", "\(folder)/conf", "-s", "\(folder)/sock", "-p", "\(folder)/pid", "start"])
        _ = try Waiting.until("fail2ban's server") { try client(["ping"]).run().status == 0 ? true : nil }
    }

    private func client(_ words: [String]) -> Command {
        Command(["fail2ban-client", "-s", "\(folder)/sock"] + words, patience: .seconds(300))
    }

    func block(_ networks: [String], seconds: Int, patience: Int) throws {
        if child == nil { try serve(seconds: seconds) }
        let end = ContinuousClock.now + .seconds(patience)
        for start in stride(from: 0, to: networks.count, by: Self.atOnce) where ContinuousClock.now < end {
            try client(["set", "bench", "banip"] + networks[start..<min(start + Self.atOnce, networks.count)]).must()
        }
    }

    var processes: [Int32] { child.map { [$0.pid] } ?? [] }

    func kill() {
        guard let child else { return }
        Glibc.kill(child.pid, SIGKILL)
        child.wait()
        self.child = nil
    }
}
