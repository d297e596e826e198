internal import AgentEnforce
internal import ArgumentParser
internal import CLinux
internal import CordonSignals
internal import Dispatch
internal import Glibc
internal import Logging

/// `cordon-enforcer run`: brings back what is to be in force, then says that it is ready, then takes orders.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon. What the journal says is to be in force is in force before it reports ready.",
        discussion: """
            EXAMPLES
              cordon-enforcer run --config ./enforcer.toml
            """
    )

    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        LogOutput.bootstrap(level: .info)
        clinux_limit_arenas(2)
        clinux_ignore_sigpipe()
        _ = clinux_raise_file_limit()
        // Before any thread is made, so that all inherit the mask: SIGHUP, SIGTERM and SIGINT are read, not suffered.
        let signals = unsafe clinux_signalfd([SIGHUP, SIGTERM, SIGINT, 0])
        let log = Logger(label: "enforcer")
        do {
            try serve(log: log, signals: signals)
        } catch {
            log.critical("\(error)")
            throw ExitCode(1)
        }
    }

    private func serve(log: Logger, signals: Int32) throws {
        let settings = try EnforcerSettings.load(settingsOption.path, required: settingsOption.isNamed)
        try makeStateDirectory(settings.stateDirectory)
        try StateLock.take(settings.stateDirectory)
        let enforcer = try Enforcer(settings.configuration(version: CordonEnforcer.version), log: log)
        let server = try EnforcerServer(enforcer, path: settings.socket, log: log)
        if !settings.releaseSocket.isEmpty {
            let console = try EnforcerServer(enforcer, path: settings.releaseSocket, isForAnybody: true, log: log)
            DispatchQueue(label: "enforcer.console").async { console.run() }
        }
        let reconciler = try Reconciler(enforcer)
        DispatchQueue(label: "enforcer.accept").async { server.run() }
        DispatchQueue(label: "enforcer.reconcile").async { reconcile(reconciler) }
        log.notice("ready", metadata: ["socket": "\(settings.socket)", "state": "\(settings.stateDirectory)"])
        Readiness.notify("READY=1")
        waitForSignals(signals, enforcer: enforcer, log: log)
    }

    /// 0700: what was ordered here is nobody else's business.
    private func makeStateDirectory(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw EnforceError(
                "enforcer.state_directory",
                "The state folder \(path) cannot be made: \(unsafe String(cString: strerror(errno))).",
                remedy: "Make its parent folder, or set state_directory.")
        }
    }

    private func reconcile(_ reconciler: Reconciler) {
        let interval = Readiness.watchdogInterval
        var last = ContinuousClock.now
        reconciler.run {
            // Fed from the thread that must be alive for the containment to be kept.
            if let interval, ContinuousClock.now - last > interval / 2 {
                Readiness.notify("WATCHDOG=1")
                last = .now
            }
            return true
        }
    }

    private func waitForSignals(_ signals: Int32, enforcer: Enforcer, log: Logger) {
        while true {
            let signal = clinux_signalfd_read(signals)
            if signal == SIGHUP {
                Readiness.notify("RELOADING=1")
                do { try enforcer.reloadPolicy() } catch { log.error("the local policy stays as it was: \(error)") }
                Readiness.notify("READY=1")
            } else if signal == SIGTERM || signal == SIGINT {
                // What is in force stays in force: the kernel keeps it, and the next start brings back what it does
                // not.
                Readiness.notify("STOPPING=1")
                log.notice("stopping; what is in force stays in force")
                return
            } else if signal < 0, signal != -EINTR {
                log.critical("signals cannot be read")
                return
            }
        }
    }
}
