import Glibc

/// CrowdSec's agent reading a file from its beginning to its end with the parsers that read sshd's lines, and no scenario:
/// parsing alone. Nothing is kept.
struct CrowdSec {
    private let folder: String
    private static let program = "/usr/bin/crowdsec"
    /// Lines that it is given, of the same file: it takes its time.
    private static let lines = 100_000
    /// As the Debian package lays them down.
    private static let hub = "/var/lib/crowdsec/hub"
    private static let patterns = "/etc/crowdsec/patterns"
    private static let parsers = [
        "s00-raw/crowdsecurity/syslog-logs.yaml", "s01-parse/crowdsecurity/sshd-logs.yaml",
        "s02-enrich/crowdsecurity/dateparse-enrich.yaml",
    ]

    /// `nil` where it, or one of its parsers, is not installed.
    init?(folder: String) {
        let needed = [Self.program, Self.patterns] + Self.parsers.map { "\(Self.hub)/parsers/\($0)" }
        guard needed.allSatisfy({ unsafe access($0, R_OK) == 0 }) else { return nil }
        self.folder = folder + "/crowdsec"
    }

    func measure(_ input: String, _ work: Workload) throws -> Figures {
        try prepare()
        defer { try? Shell.run(["/bin/rm", "-rf", folder]) }
        let lines = min(Self.lines, work.events)
        let script = "head -n \"$1\" \"$2\" > \"$3/lines.log\" && head -n 1 \"$2\" > \"$3/line.log\""
        try Shell.run(["/bin/sh", "-c", script, "sh", "\(lines)", input, folder])
        // What starting takes is not parsing.
        let start = try run("line.log")
        let whole = try run("lines.log")
        var figures = Figures(
            sut: "crowdsec", source: "file", leg: "parse", events: lines, bytes: work.bytes / work.events * lines,
            seconds: max(0.001, whole.seconds - start.seconds),
            processorSeconds: max(0, whole.processorSeconds - start.processorSeconds),
            anonymousKilobytes: whole.anonymousKilobytes)
        figures.note = "parsers syslog-logs, sshd-logs and dateparse-enrich; starting is taken off"
        return figures
    }

    private struct Run {
        var seconds: Double
        var processorSeconds: Double
        var anonymousKilobytes: Int
    }

    private func run(_ file: String) throws -> Run {
        let child = try Shell.start([
            Self.program, "-c", "\(folder)/config.yaml", "-dsn", "file://\(folder)/\(file)", "-type", "syslog",
        ])
        let usage = Usage(of: child)
        var spent = 0.0
        while usage.seconds < 120 {
            usage.look()
            usleep(10_000)
            if let seconds = Shell.ended(child) {
                spent = seconds
                break
            }
        }
        guard spent > 0 else {
            Shell.stop(child)
            throw BenchError("crowdsec did not come to the end of the file")
        }
        return Run(seconds: usage.seconds, processorSeconds: spent, anonymousKilobytes: usage.most)
    }

    /// Settings of its own: it neither sees nor changes those of the machine.
    private func prepare() throws {
        for part in ["s00-raw", "s01-parse", "s02-enrich"] {
            try Shell.run(["/bin/mkdir", "-p", "\(folder)/etc/parsers/\(part)"])
        }
        try Shell.run(["/bin/mkdir", "-p", "\(folder)/data", "\(folder)/etc/scenarios", "\(folder)/etc/postoverflows"])
        for parser in Self.parsers {
            let stage = parser.prefix { $0 != "/" }
            try Shell.run(["/bin/ln", "-s", "\(Self.hub)/parsers/\(parser)", "\(folder)/etc/parsers/\(stage)/"])
        }
        try Shell.run(["/bin/ln", "-s", Self.patterns, "\(folder)/etc/patterns"])
        try Shell.write("{}\n", to: "\(folder)/etc/simulation.yaml")
        try Shell.write("filenames: [/nowhere]\nlabels: {type: syslog}\n", to: "\(folder)/etc/acquis.yaml")
        try Shell.write(settings, to: "\(folder)/config.yaml")
        try Shell.run([
            "/usr/bin/cscli", "-c", "\(folder)/config.yaml", "machines", "add", "bench", "--auto", "-f",
            "\(folder)/etc/credentials.yaml",
        ])
    }

    private var settings: String {
        """
        common: {daemonize: false, log_media: stdout, log_level: warning, working_dir: "\(folder)"}
        config_paths: {config_dir: "\(folder)/etc/", data_dir: "\(folder)/data/", hub_dir: "\(Self.hub)/",
          index_path: "\(Self.hub)/.index.json", simulation_path: "\(folder)/etc/simulation.yaml",
          notification_dir: "\(folder)/etc/", plugin_dir: "/usr/lib/crowdsec/plugins/"}
        crowdsec_service: {acquisition_path: "\(folder)/etc/acquis.yaml", parser_routines: 1}
        db_config: {type: sqlite, db_path: "\(folder)/data/crowdsec.db"}
        plugin_config: {user: nobody, group: nogroup}
        api:
          client: {credentials_path: "\(folder)/etc/credentials.yaml"}
          server: {listen_uri: "127.0.0.1:\(40_000 + Int(getpid()) % 20_000)", log_level: warning,
            profiles_path: /etc/crowdsec/profiles.yaml}
        prometheus: {enabled: false}

        """
    }
}
