internal import Dispatch

/// Runs the hunter's jobs on a thread that yields to everything else: looking blocks, and never holds up the cooperative pool.
final class HuntQueue: SerialExecutor {
    private let queue = DispatchQueue(label: "cordon.hunt", qos: .background)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedSerialExecutor()
        queue.async { unsafe job.runSynchronously(on: executor) }
    }
}
