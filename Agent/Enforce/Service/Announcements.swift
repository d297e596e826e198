internal import CordonModel
internal import CordonWire
internal import Dispatch
internal import SwiftProtobuf
internal import Synchronization

/// What the agent should hear of: that something changed, and what the enforcer noticed. Notices are kept until they are
/// heard; the same one again counts up.
final class Announcements: Sendable {
    typealias Notice = Cordon_V1_Notice

    private struct State {
        /// Random at the start, so that one of a process before is not taken for this one's.
        var revision = UInt64.random(in: 1 ... .max / 2)
        var notices: [Notice] = []
        var waiting: [DispatchSemaphore] = []
    }

    /// Notices that are kept. Beyond them the oldest goes.
    static let limit = 32
    /// Bytes of a notice's text.
    private static let textLimit = 400

    private let state = Mutex(State())

    var revision: UInt64 { state.withLock { $0.revision } }

    /// What was noticed and not heard yet, the oldest first.
    var notices: [Notice] { state.withLock { $0.notices } }

    /// Something that the status says may have changed.
    func change() {
        state.withLock { state in
            state.revision += 1
            for waiter in state.waiting { waiter.signal() }
            state.waiting = []
        }
    }

    func announce(_ kind: Notice.Kind, _ text: String, at now: Timestamp) {
        let text = text.bounded(Self.textLimit)
        state.withLock { state in
            if let index = state.notices.firstIndex(where: { $0.kind == kind && $0.text == text }) {
                state.notices[index].lastUs = now.microseconds
                state.notices[index].count &+= 1
                // Whoever heard of it before has not heard of this.
                state.notices[index].id = .random(in: 1 ... .max)
            } else {
                var notice = Notice()
                (notice.id, notice.kind, notice.text) = (.random(in: 1 ... .max), kind, text)
                (notice.firstUs, notice.lastUs, notice.count) = (now.microseconds, now.microseconds, 1)
                state.notices = state.notices.suffix(Self.limit - 1) + [notice]
            }
        }
        change()
    }

    /// Forgets notices that are known elsewhere now.
    func forget(_ heard: [UInt64]) {
        guard !heard.isEmpty else { return }
        let heard = Set(heard.prefix(Self.limit))
        state.withLock { $0.notices.removeAll { heard.contains($0.id) } }
    }

    /// Returns once the revision is another than this one, or that much time is over. Blocks.
    func wait(whileAt revision: UInt64, for patience: DispatchTimeInterval) {
        let arrived = DispatchSemaphore(value: 0)
        let isWaiting = state.withLock { state in
            guard state.revision == revision else { return false }
            state.waiting.append(arrived)
            return true
        }
        guard isWaiting else { return }
        _ = arrived.wait(timeout: .now() + patience)
        state.withLock { $0.waiting.removeAll { $0 === arrived } }
    }
}
