internal import AgentNetlink
internal import CLinux

/// A process held by its pidfd: signals reach it and never a successor with the same number.
final class ProcessHandle: Sendable {
    let pid: Int32
    private let descriptor: Int32

    /// Throws the error number; ESRCH when there is no such process.
    init(pid: Int32) throws(NetlinkError) {
        let descriptor = pid > 1 ? clinux_pidfd_open(pid) : -1
        guard descriptor >= 0 else { throw NetlinkError(-descriptor, "pidfd_open \(pid)") }
        self.pid = pid
        self.descriptor = descriptor
    }

    deinit { clinux_close(descriptor) }

    /// Sends a signal; whether there was still a process to get it.
    @discardableResult
    func send(_ signal: Int32) -> Bool { clinux_pidfd_send_signal(descriptor, signal) >= 0 }

    /// Whether it has ended (a zombie has) within that time.
    func hasEnded(within milliseconds: Int32) -> Bool { clinux_pidfd_wait(descriptor, milliseconds) == 1 }
}
