internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs work on a thread of its own that takes processor and disk after everybody else, and waits for it.
enum QuietThread {
    /// Where the kernel has no thread left, the work is done on the caller's.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value {
        let value = Mutex<Value?>(nil)
        let done = DispatchSemaphore(value: 0)
        let body = Body {
            clinux_lower_priority()
            let result = work()
            value.withLock { $0 = result }
            done.signal()
        }
        guard start(body) else { return work() }
        done.wait()
        return value.withLock { $0 } ?? work()
    }

    private final class Body {
        let run: () -> Void
        init(run: @escaping () -> Void) { self.run = run }
    }

    private static func start(_ body: Body) -> Bool {
        var thread = pthread_t()
        let kept = unsafe Unmanaged.passRetained(body)
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, kept.toOpaque())
        guard status == 0 else {
            unsafe kept.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
