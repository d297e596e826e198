internal import Glibc

/// Threads that are not the pool's: for what blocks, or must stay one thread all its life.
enum OwnThread {
    private final class Body {
        let run: () -> Void
        init(run: @escaping () -> Void) { self.run = run }
    }

    /// Runs it on a thread of its own, which nobody waits for. `false` where the host has no room for one.
    static func start(_ run: @escaping () -> Void) -> Bool {
        var thread = pthread_t()
        let kept = unsafe Unmanaged.passRetained(Body(run: run))
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
