internal import CLinux
internal import CordonModel
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs work, one at a time, on a thread of its own that takes processor and disk after everybody else, and waits for it,
/// but not longer than it may take: a file system may never answer. What does not end is given up, and who comes meanwhile
/// is told so rather than made to wait too.
final class QuietThread: Sendable {
    private let isBusy = Mutex(false)

    private enum State<Value: Sendable>: Sendable {
        case running
        case done(Value)
        case abandoned
    }

    /// - Parameter late: What is done with what comes when nobody waits any more.
    func run<Value: Sendable>(
        within patience: Duration, _ work: @escaping @Sendable () -> Value, late: @escaping @Sendable (Value) -> Void
    ) throws(EnforceError) -> Value {
        let isFree = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else {
            throw EnforceError(
                "look.busy", "Another look at this host is not over yet.",
                remedy: "Order it again later; a look that never ends waits for a file system that does not answer.")
        }
        let state = Shared(State<Value>.running)
        let done = DispatchSemaphore(value: 0)
        let isStarted = OwnThread.start {
            clinux_lower_priority()
            let result = work()
            let isLate = state.value.withLock { state in
                if case .abandoned = state { return true }
                state = .done(result)
                return false
            }
            if isLate { late(result) }
            self.isBusy.withLock { $0 = false }
            done.signal()
        }
        guard isStarted else {
            isBusy.withLock { $0 = false }
            throw EnforceError("look.no_thread", "The host has no room for another thread.")
        }
        _ = done.wait(timeout: .now() + .seconds(Int(clamping: patience.wholeSeconds)))
        let result: Value? = state.value.withLock { state in
            if case .done(let value) = state { return value }
            state = .abandoned
            return nil
        }
        guard let result else {
            throw EnforceError(
                "look.no_end",
                "The look did not end within \(patience.wholeSeconds) seconds: a file system may not answer.",
                remedy: "See what is mounted from other hosts. No other look is begun before this one ends.")
        }
        return result
    }

    private final class Shared<Value: Sendable>: Sendable {
        let value: Mutex<Value>
        init(_ first: Value) { value = Mutex(first) }
    }
}
