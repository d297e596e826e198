internal import AgentEnforce
internal import ArgumentParser
internal import CLinux
internal import CordonModel
internal import CordonSignals
internal import Dispatch
internal import Glibc
internal import Logging

/// `cordon-enforcer guard`: keeps programs from starting, for the enforcer.
struct Guard: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Run the guard: what the enforcer has written down does not start. A daemon of its own, cordon-guard.",
        discussion: """
            It takes no orders, has no network, and needs CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH. With nothing to block it asks \
            the kernel for nothing.

            EXAMPLES
              cordon-enforcer guard --config ./enforcer.toml
            """
    )

    @OptionGroup var settingsOption: SettingsOption
    @Option(help: "The host's mounts, as proc_pid_mountinfo(5) has them.") var mounts = "/proc/1/mountinfo"

    func run() throws {
        LogOutput.bootstrap(level: .info)
        clinux_limit_arenas(2)
        clinux_ignore_sigpipe()
        _ = clinux_raise_file_limit()
        let signals = unsafe clinux_signalfd([SIGTERM, SIGINT, 0])
        let log = Logger(label: "guard")
        do {
            let settings = try EnforcerSettings.load(settingsOption.path, required: settingsOption.isNamed)
            let executions = try ExecutionGuard(ExecutionGuard.Configuration(settings, mounts: mounts), log: log)
            DispatchQueue(label: "guard.keep").async { executions.run() }
            log.notice("ready")
            Readiness.notify("READY=1")
            feed(until: signals, executions)
            // The kernel lets pass what waits, and asks nobody any more.
            Readiness.notify("STOPPING=1")
            log.notice("stopping: what was blocked can start")
        } catch {
            log.critical("\(error)")
            throw ExitCode(1)
        }
    }

    /// Until a signal comes. Meanwhile a watchdog hears that whoever starts a program gets an answer, for as long as that is so.
    private func feed(until signals: Int32, _ executions: ExecutionGuard) {
        let interval = (Readiness.watchdogInterval ?? .seconds(3600)) / 2
        while clinux_wait_readable(signals, Int32(clamping: interval.milliseconds)) != 1 {
            if Readiness.watchdogInterval != nil, executions.answers { Readiness.notify("WATCHDOG=1") }
        }
    }
}
