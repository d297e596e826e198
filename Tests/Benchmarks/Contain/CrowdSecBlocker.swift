internal import CordonTesting
internal import Glibc

/// CrowdSec's bouncer for firewalls, at a local API of the benchmark's own that is told by `cscli decisions`.
final class CrowdSecBlocker: Blocker {
    let name: String
    let note = """
        `cscli decisions`; the bouncer asks the local API every second (10 as shipped); memory of both, the API on SQLite
        """
    private let folder: String
    private let key: String
    private var children: [Child] = []

    /// `nil` where the bouncer, or CrowdSec itself, is not installed.
    init?(_ folder: String) throws {
        guard let bouncer = try Blockers.version("crowdsec-firewall-bouncer", "crowdsec-firewall-bouncer"),
            let version = try Blockers.version("crowdsec", "crowdsec")
        else { return nil }
        name = "crowdsec-firewall-bouncer \(bouncer), crowdsec \(version)"
        self.folder = folder
        var random = SystemRandomNumberGenerator()
        key = String(UInt64.random(in: 1 << 60 ... .max, using: &random), radix: 36)
    }

    func start() throws {
        kill()
        Shell.run("nft flush ruleset; rm -rf \(folder); mkdir -p \(folder)/etc \(folder)/data")
        writeSettings()
        try cscli(["machines", "add", "bench", "--auto", "-f", "\(folder)/etc/credentials.yaml"])
        try cscli(["bouncers", "add", "bench", "-k", key])
        children = [try Child(["crowdsec", "-c", "\(folder)/config.yaml", "-no-cs", "-no-capi"])]
        _ = try Waiting.until("CrowdSec's API") {
            try command(["decisions", "list"]).run().status == 0 ? true : nil
        }
        children.append(try Child(["crowdsec-firewall-bouncer", "-c", "\(folder)/bouncer.yaml"]))
        _ = try Waiting.until("the bouncer's tables") {
            try Command(["nft", "list", "tables"]).must().contains("crowdsec6") ? true : nil
        }
    }

    func block(_ networks: [String], seconds: Int, patience: Int) throws {
        if networks.count == 1, let network = networks.first {
            let scope = network.contains("/") ? "-r" : "-i"
            return try cscli(["decisions", "add", scope, network, "-d", "\(seconds)s"])
        }
        let lines = networks.map { "\(seconds)s,ip,\($0)" }.joined(separator: "\n")
        try Ground.write("duration,scope,value\n\(lines)\n", to: "\(folder)/list.csv")
        try cscli(["decisions", "import", "-i", "\(folder)/list.csv"], patience: patience)
    }

    private func cscli(_ words: [String], patience: Int = 60) throws {
        var command = command(words)
        command.patience = .seconds(patience)
        try command.must()
    }

    private func command(_ words: [String]) -> Command {
        Command(["cscli", "-c", "\(folder)/config.yaml"] + words)
    }

    var processes: [Int32] { children.map(\.pid) }

    func kill() {
        for child in children.reversed() {
            Glibc.kill(child.pid, SIGKILL)
            child.wait()
        }
        children = []
    }

    private func writeSettings() {
        Shell.run(
            """
            echo '{}' > \(folder)/etc/simulation.yaml
            cat > \(folder)/config.yaml <<'END'
            common: {daemonize: false, log_media: stdout, log_level: error, working_dir: "\(folder)"}
            config_paths: {config_dir: "\(folder)/etc/", data_dir: "\(folder)/data/", hub_dir: "\(folder)/etc/",
              index_path: "\(folder)/etc/.index.json", simulation_path: "\(folder)/etc/simulation.yaml",
              notification_dir: "\(folder)/etc/", plugin_dir: "/usr/lib/crowdsec/plugins/"}
            crowdsec_service: {enable: false}
            db_config: {type: sqlite, db_path: "\(folder)/data/crowdsec.db", use_wal: true}
            plugin_config: {user: nobody, group: nogroup}
            api:
              client: {credentials_path: "\(folder)/etc/credentials.yaml"}
              server: {listen_uri: "127.0.0.1:8080", log_level: error, profiles_path: /etc/crowdsec/profiles.yaml}
            prometheus: {enabled: false}
            END
            cat > \(folder)/bouncer.yaml <<'END'
            mode: nftables
            pid_dir: \(folder)/
            update_frequency: 1s
            daemonize: false
            log_mode: file
            log_dir: \(folder)/
            log_level: error
            api_url: http://127.0.0.1:8080/
            api_key: \(key)
            insecure_skip_verify: false
            disable_ipv6: false
            deny_action: DROP
            deny_log: false
            supported_decisions_types: [ban]
            blacklists_ipv4: crowdsec-blacklists
            blacklists_ipv6: crowdsec6-blacklists
            nftables:
              ipv4: {enabled: true, set-only: false, table: crowdsec, chain: crowdsec-chain}
              ipv6: {enabled: true, set-only: false, table: crowdsec6, chain: crowdsec6-chain}
            prometheus: {enabled: false}
            END
            """)
    }
}
