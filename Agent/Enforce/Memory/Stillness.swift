internal import Dispatch
internal import Synchronization

/// A process that is held still by ptrace(2), all its threads, for a while.
///
/// It is never left so: the kernel lets a process go on when the thread that traces it ends, and so when the enforcer is
/// killed; that thread does nothing else, and lets go when its time is over though whoever reads the memory waits for
/// something. A process that had been stopped before stays stopped, and a signal that came meanwhile is handed on.
final class Stillness: Sendable {
    /// A thread with its registers, as the kernel writes them into a core file; empty where it does not stand still.
    struct Thread: Sendable {
        var id: Int32
        var registers: [UInt8] = []
        var floats: [UInt8] = []
    }

    /// What came of holding it.
    struct Report: Sendable {
        var threads: [Thread] = []
        /// Why it does not stand still, or not all of it; `nil` where it does.
        var fault: String?
        /// How long it stood still; `nil` while it does.
        var stood: Duration?
        /// It was let go because its time was over.
        var isTimeOver = false
    }

    /// What the thread that holds it and the one that waits for it share.
    final class Shared: Sendable {
        let report = Mutex(Report())
        let isReady = DispatchSemaphore(value: 0)
        let mayGo = DispatchSemaphore(value: 0)
        let isOver = DispatchSemaphore(value: 0)
    }

    private let shared = Shared()
    private let isHeld: Bool

    /// Holds it, or finds out why it cannot be; returns once that is so.
    /// - Parameter longest: After that it goes on in any case; where it is zero it is not held at all.
    init(of pid: Int32, longest: Duration) {
        guard longest > .zero else {
            isHeld = false
            shared.report.withLock { $0.fault = "as it was ordered" }
            return
        }
        isHeld = OwnThread.start { [shared] in StillnessHolder(pid: pid, longest: longest, shared).run() }
        if isHeld {
            shared.isReady.wait()
        } else {
            shared.report.withLock { $0.fault = "the host has no room for another thread" }
        }
    }

    deinit { shared.mayGo.signal() }

    /// What is known now.
    var report: Report { shared.report.withLock { $0 } }

    /// Lets it go on; returns once that is so.
    func end() -> Report {
        shared.mayGo.signal()
        if isHeld {
            shared.isOver.wait()
            shared.isOver.signal()
        }
        return report
    }
}
