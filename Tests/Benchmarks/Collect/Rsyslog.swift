import Glibc

/// rsyslog with the same work: imfile or imjournal, a pure disk queue that is synced (docs: concepts/queues, "disk
/// queues"), and its own disk, or a receiver behind TLS that takes in the same way.
///
/// Where it cannot be made equal to ours, rows say so: plain TCP acknowledges nothing, so what is on its way is lost with
/// the connection; RELP acknowledges what the receiver's queue took. Neither parses the message.
struct Rsyslog {
    enum Leg: String {
        /// To this host's disk.
        case local
        /// To a receiver over TCP and TLS: no acknowledgement.
        case tls
        /// To a receiver over RELP and TLS: acknowledged.
        case relp

        fileprivate var note: String {
            switch self {
            case .local: "synced disk queue and synced file; not parsed"
            case .tls: "synced disk queues at both ends, but nothing is acknowledged; not parsed"
            case .relp: "synced disk queues at both ends, acknowledged by the receiver's queue; not parsed"
            }
        }
    }

    let legs: [Leg]
    private let folder: String
    private static let program = "/usr/sbin/rsyslogd"
    private static let modules = [
        "/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/aarch64-linux-gnu/rsyslog", "/usr/lib/rsyslog",
    ]
    /// Seconds that one run may take: where less comes through, the figures are those of what came through.
    private static let patience = 20.0

    /// `nil` where it is not installed; without its modules for TLS or RELP it has fewer legs.
    init?(folder: String) {
        guard Shell.isProgram(Self.program) else { return nil }
        func has(_ module: String) -> Bool {
            Self.modules.contains { unsafe access("\($0)/\(module).so", R_OK) == 0 }
        }
        self.folder = folder
        legs = [.local] + (has("lmnsd_ossl") ? [.tls] : []) + (has("omrelp") && has("imrelp") ? [.relp] : [])
    }

    func measure(_ source: String, _ leg: Leg, _ input: String, _ work: Workload) throws -> Figures {
        let place = "\(folder)/rsyslog"
        try Shell.run(["/bin/mkdir", "-p", "\(place)/sender", "\(place)/receiver"])
        defer { try? Shell.run(["/bin/rm", "-rf", place]) }
        let settings = RsyslogSettings(place: place, port: 20_000 + Int(getpid()) % 20_000)
        try settings.makeCertificate()
        var receiver: pid_t?
        if leg != .local {
            receiver = try start("receiver", at: place, settings.receiver(leg))
            usleep(500_000)
        }
        defer { if let receiver { Shell.stop(receiver) } }
        let receiving = receiver.map { Usage(of: $0) }
        let sender = try start(
            "sender", at: place, settings.sender(source, input, leg), journal: source == "journal" ? input : nil)
        defer { Shell.stop(sender) }
        let sending = Usage(of: sender)
        var done = 0
        while done < work.events, sending.seconds < (done * 10 < work.events ? 2 : 1) * Self.patience,
            Shell.isRunning(sender)
        {
            usleep(20_000)
            sending.look()
            receiving?.look()
            done = Shell.size(settings.output) / 2
        }
        // Of a few lines most of what is measured would be its start.
        guard done * 10 >= work.events else {
            throw BenchError("rsyslog brought \(done) lines in time, too few for a row (\(source), \(leg.rawValue))")
        }
        var figures = Figures(
            sut: leg == .relp ? "rsyslog-relp" : "rsyslog", source: source, leg: leg == .local ? "local" : "remote",
            events: done, bytes: work.bytes / work.events * done, sending)
        figures.note = leg.note + (done < work.events ? "; cut off after \(Int(Self.patience)) s" : "")
        if let receiving { figures.receive(receiving) }
        return figures
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
}
