package import AgentCollect
package import CordonModel
package import CordonWire
package import Logging
internal import Synchronization

/// Answers the questions of hunts: without privilege, one at a time, on a thread of its own, within what each may cost.
package actor Hunter {
    private nonisolated let queue = HuntQueue()
    /// Which question of a hunt is to be answered: an older one, asked over a connection that is gone, is left.
    private nonisolated let asked = Mutex<[HuntID: UInt64]>([:])
    private let journal: JournalScope
    private let logger: Logger

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe queue.asUnownedSerialExecutor() }

    /// Questions that may wait; more are refused.
    private static let most = 64

    /// - Parameter journal: Which journal hunts look through.
    package init(journal: JournalScope = .allNamespaces, logger: Logger) {
        self.journal = journal
        self.logger = logger
    }

    /// Takes note of a question; answers are said as they are found. Returns at once.
    package nonisolated func ask(
        _ question: Cordon_V1_HuntQuestion, now: @escaping @Sendable () -> Timestamp,
        say: @escaping @Sendable (Cordon_V1_HuntAnswer) -> Void
    ) {
        guard let id = question.id else { return }
        let turn: UInt64? = asked.withLock { asked in
            guard asked[id] != nil || asked.count < Self.most else { return nil }
            asked[id, default: 0] += 1
            return asked[id]
        }
        guard let turn else {
            return say(
                Cordon_V1_HuntAnswer(of: id, firstRow: 0, rows: [], end: .failed, message: "Too many hunts wait."))
        }
        Task { await self.answer(question, id, turn, now: now, say: say) }
    }

    /// The hunt is over: an answer that is being given stops.
    package nonisolated func end(_ id: HuntID) { asked.withLock { _ = $0.removeValue(forKey: id) } }

    private nonisolated func isWanted(_ id: HuntID, _ turn: UInt64) -> Bool { asked.withLock { $0[id] == turn } }

    private func answer(
        _ message: Cordon_V1_HuntQuestion, _ id: HuntID, _ turn: UInt64, now: @Sendable () -> Timestamp,
        say: @escaping @Sendable (Cordon_V1_HuntAnswer) -> Void
    ) {
        guard isWanted(id, turn) else { return }
        defer { asked.withLock { if $0[id] == turn { $0[id] = nil } } }
        let allowance = Allowance(
            message.budget, isWanted: { self.isWanted(id, turn) },
            send: { rows, first in say(Cordon_V1_HuntAnswer(of: id, firstRow: first, rows: rows)) })
        var (end, why) = (HuntHostState.done, "")
        do {
            guard now().microseconds < message.expiresAtUs else { throw Allowance.Stop.failed("The hunt is over.") }
            guard let question = message.question else {
                return say(unsupported(id, "This agent does not know the question."))
            }
            logger.info("A hunt asks.", metadata: ["hunt": "\(id)", "kind": "\(question.kind.rawValue)"])
            try look(question, allowance)
        } catch Allowance.Stop.truncated {
            (end, why) = (.truncated, "The hunt's budget for this host was used up.")
        } catch Allowance.Stop.cancelled {
            return
        } catch Allowance.Stop.failed(let reason) {
            (end, why) = (.failed, reason)
        } catch {
            (end, why) = (.failed, "\(error)")
        }
        allowance.flush()
        say(Cordon_V1_HuntAnswer(of: id, firstRow: allowance.count, rows: [], end: end, message: why))
    }

    private func unsupported(_ id: HuntID, _ why: String) -> Cordon_V1_HuntAnswer {
        Cordon_V1_HuntAnswer(of: id, firstRow: 0, rows: [], end: .unsupported, message: why)
    }

    private func look(_ question: HuntQuestion, _ allowance: Allowance) throws(Allowance.Stop) {
        let parameters = question.parameters
        switch question.kind {
        case .process: try ProcessLook(parameters: parameters, allowance: allowance).run()
        case .socket: try SocketLook(parameters: parameters, allowance: allowance).run()
        case .user: try UserLook(parameters: parameters, allowance: allowance).run()
        case .file: try FileLook(parameters: parameters, allowance: allowance).run()
        case .package: try PackageLook(parameters: parameters, allowance: allowance).run()
        case .persistence: try PersistenceLook(parameters: parameters, allowance: allowance).run()
        case .journal: try JournalLook(parameters: parameters, allowance: allowance, scope: journal).run()
        }
    }
}
