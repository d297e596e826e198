internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs an actor's jobs on one thread of its own: libsystemd wants every journal used by one thread only, and waiting
/// for the kernel must not hold up the cooperative pool. The thread ends when the executor is released.
final class SourceThread: SerialExecutor {
    /// What the thread holds: not the executor, which must be free to go.
    private final class Mailbox: Sendable {
        struct State {
            var jobs: [@Sendable () -> Void] = []
            var isOpen = true
        }

        let state = Mutex(State())
        let arrived = DispatchSemaphore(value: 0)

        func run() {
            while true {
                arrived.wait()
                let (jobs, isOpen) = state.withLock { state in
                    defer { state.jobs = [] }
                    return (state.jobs, state.isOpen)
                }
                for job in jobs { job() }
                if !isOpen { return }
            }
        }
    }

    private let mailbox = Mailbox()

    /// Starts the thread. Where the kernel has no thread left, a queue of Dispatch does the work.
    init(name: String) {
        let mailbox = mailbox
        Self.start(name) { mailbox.run() }
    }

    deinit {
        mailbox.state.withLock { $0.isOpen = false }
        mailbox.arrived.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Held until the job is done: the last job may be the one that releases the actor, and this with it.
        mailbox.state.withLock { $0.jobs.append { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) } }
        mailbox.arrived.signal()
    }

    private final class Body {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func start(_ name: String, _ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = unsafe Unmanaged.passRetained(Body(run: run))
        let status = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                body.run()
                return nil
            },
            body.toOpaque()
        )
        guard status != 0 else {
            pthread_detach(thread)
            return
        }
        unsafe body.release()
        DispatchQueue(label: name).async(execute: run)
    }
}
