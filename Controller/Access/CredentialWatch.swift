internal import Synchronization

/// Tells those who hold a long answer open (server-sent events) that the right they opened it by has ended.
final class CredentialWatch: Sendable {
    private struct State {
        var next = 0
        var watchers: [String: [Int: AsyncStream<Never>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    /// A stream without elements that finishes when the credential ends, or the watcher stops looking.
    func watch(_ credential: String) -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let number = state.withLock { state in
            state.next += 1
            state.watchers[credential, default: [:]][state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in self?.forget(credential, number) }
        return stream
    }

    /// Finishes the streams of the credential.
    func end(_ credential: String) {
        // Finished outside the lock: finishing calls `forget`, which takes it.
        let ended = state.withLock { $0.watchers.removeValue(forKey: credential) } ?? [:]
        for continuation in ended.values { continuation.finish() }
    }

    private func forget(_ credential: String, _ number: Int) {
        state.withLock { state in
            state.watchers[credential]?[number] = nil
            if state.watchers[credential]?.isEmpty == true { state.watchers[credential] = nil }
        }
    }
}
