import Glibc

/// rsyslog with the same work: imfile or imjournal, a pure disk queue that is synced (docs: concepts/queues, "disk
/// queues"), and either its own disk or a receiver behind TLS that takes in the same way.
struct Rsyslog {
    enum Leg: String {
        case local, receiver
    }

    private let folder: String
    private static let program = "/usr/sbin/rsyslogd"
    /// Seconds that one run may take: where less comes through, the figures are those of what came through.
    private static let patience = 30.0

    /// `nil` where it is not installed.
    init?(folder: String) {
        guard unsafe access(Self.program, X_OK) == 0 else { return nil }
        self.folder = folder
    }

    func measure(_ source: String, _ leg: Leg, _ input: String, _ work: Workload) throws -> Figures {
        let place = "\(folder)/rsyslog"
        try Shell.run(["/bin/mkdir", "-p", "\(place)/sender", "\(place)/receiver"])
        defer { try? Shell.run(["/bin/rm", "-rf", place]) }
        let output = "\(place)/received"
        try Shell.run([
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=bench", "-keyout", "\(place)/key.pem", "-out", "\(place)/cert.pem", "-batch",
        ])
        var receiver: pid_t?
        if leg == .receiver {
            receiver = try start("receiver", at: place, receiverSettings(place, output))
            try awaitPort(place)
        }
        let action = leg == .local ? file(output) : try forward(place)
        let sender = try start(
            "sender", at: place, queue(place, "sender") + reading(source, input) + action,
            journal: source == "journal" ? input : nil)
        defer {
            for pid in [sender, receiver].compactMap(\.self) {
                kill(pid, SIGKILL)
                Shell.wait(for: pid)
            }
        }
        let usage = Usage(of: sender)
        var done = 0
        while done < work.events, usage.seconds < Self.patience, Shell.isRunning(sender) {
            usleep(20_000)
            usage.look()
            done = Shell.size(output) / 2
        }
        guard done > 0 else { throw BenchError("rsyslog let nothing through (\(source), \(leg.rawValue))") }
        return Figures(
            sut: "rsyslog", source: source, leg: leg.rawValue, events: done,
            bytes: work.bytes / work.events * done, seconds: usage.seconds, processorSeconds: usage.processorSeconds,
            anonymousKilobytes: usage.most)
    }

    /// imjournal has no setting for a folder: the journal is bound to where libsystemd looks, for this process alone.
    private func start(
        _ name: String, at place: String, _ settings: String, journal: String? = nil
    ) throws -> pid_t {
        try Shell.write(settings, to: "\(place)/\(name).conf")
        let words = [Self.program, "-n", "-f", "\(place)/\(name).conf", "-i", "\(place)/\(name).pid"]
        guard let journal else { return try Shell.start(words) }
        let script = """
            mount -t tmpfs none /run/log 2>/dev/null || { mkdir -p /run/log && mount -t tmpfs none /run/log; }
            mkdir -p "/run/log/journal/$(cat /etc/machine-id)" && mount --bind "$0" "/run/log/journal/$(cat /etc/machine-id)"
            mkdir -p /var/log/journal && mount -t tmpfs none /var/log/journal
            exec "$@"
            """
        return try Shell.start(["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, journal] + words)
    }

    private func queue(_ place: String, _ name: String) -> String {
        """
        global(workDirectory="\(place)/\(name)" DefaultNetstreamDriver="ossl"
          DefaultNetstreamDriverCAFile="\(place)/cert.pem" DefaultNetstreamDriverCertFile="\(place)/cert.pem"
          DefaultNetstreamDriverKeyFile="\(place)/key.pem")
        main_queue(queue.type="disk" queue.filename="main" queue.syncqueuefiles="on" queue.checkpointinterval="2048"
          queue.dequeuebatchsize="2048" queue.maxdiskspace="8g" queue.size="10000000")
        template(name="mark" type="string" string="x\\n")

        """
    }

    private func reading(_ source: String, _ input: String) -> String {
        if source == "file" {
            return """
                module(load="imfile")
                input(type="imfile" file="\(input)" tag="bench" freshStartTail="off")

                """
        }
        return """
            module(load="imjournal" StateFile="state" Ratelimit.Interval="0" IgnorePreviousMessages="off")

            """
    }

    private func file(_ output: String) -> String {
        "action(type=\"omfile\" file=\"\(output)\" template=\"mark\" sync=\"on\" flushOnTXEnd=\"on\")\n"
    }

    private func receiverSettings(_ place: String, _ output: String) -> String {
        queue(place, "receiver") + """
            module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
            input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="\(place)/port")

            """ + file(output)
    }

    private func forward(_ place: String) throws -> String {
        let port = Shell.contents("\(place)/port").filter(\.isNumber)
        return """
            action(type="omfwd" target="127.0.0.1" port="\(port)" protocol="tcp" StreamDriver="ossl"
              StreamDriverMode="1" StreamDriverAuthMode="anon" action.resumeRetryCount="-1")

            """
    }

    private func awaitPort(_ place: String) throws {
        for _ in 0..<500 {
            if !Shell.contents("\(place)/port").isEmpty { return }
            usleep(20_000)
        }
        throw BenchError("rsyslog's receiver does not listen")
    }
}
