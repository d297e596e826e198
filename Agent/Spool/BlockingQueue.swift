internal import Dispatch

/// Runs an actor's jobs on a queue of its own, so that waiting for a disk never holds up the cooperative pool.
package final class BlockingQueue: SerialExecutor {
    private let queue: DispatchQueue

    package init(label: String) { queue = DispatchQueue(label: label) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedSerialExecutor()
        queue.async { unsafe job.runSynchronously(on: executor) }
    }
}
