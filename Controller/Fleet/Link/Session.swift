internal import CordonModel
internal import CordonWire
internal import GRPCCore
internal import Synchronization

/// One agent's open order stream.
final class Session: Sendable {
    /// What the stream's writer is told.
    enum Out: Sendable {
        case message(Cordon_V1_ControllerMessage)
        /// Ends the stream with this status.
        case end(RPCError)
    }

    /// Unique in this run of the controller; orders are leased to it.
    let id: UInt64
    let agent: AgentID
    let connection: LinkConnection
    let since: Timestamp
    /// What the stream's writer takes, in order.
    let outbound: AsyncStream<Out>
    private let continuation: AsyncStream<Out>.Continuation
    /// What it was given of packages.
    let carrying = Mutex(Carrying())

    /// Messages that may wait for a slow agent; then it is cut off and comes back for them.
    private static let backlog = 4096

    init(id: UInt64, agent: AgentID, connection: LinkConnection, since: Timestamp) {
        self.id = id
        self.agent = agent
        self.connection = connection
        self.since = since
        (outbound, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.backlog))
    }

    /// Hands a message to the writer. `false` when the stream is over or the agent too slow: the message is not sent then.
    @discardableResult
    func send(_ message: Cordon_V1_ControllerMessage) -> Bool {
        switch continuation.yield(.message(message)) {
        case .enqueued: return true
        case .dropped:
            end(RPCError(code: .resourceExhausted, message: "This agent reads too slowly."))
            connection.close()
            return false
        case .terminated: return false
        @unknown default: return false
        }
    }

    /// Ends the stream with a status, after what was handed over before.
    func end(_ status: RPCError) {
        continuation.yield(.end(status))
        continuation.finish()
    }

    /// Ends the stream without a word: the agent is gone.
    func finish() { continuation.finish() }
}

/// The order streams that are open, one an agent.
final class SessionTable: Sendable {
    private struct Table {
        var sessions: [AgentID: Session] = [:]
        var lastID: UInt64 = 0
    }

    private let table = Mutex(Table())

    func session(of agent: AgentID) -> Session? { table.withLock { $0.sessions[agent] } }

    var all: [Session] { table.withLock { Array($0.sessions.values) } }

    /// Opens a session; the one that was there is given back, to be ended.
    func open(_ agent: AgentID, on connection: LinkConnection, at now: Timestamp) -> (new: Session, replaced: Session?)
    {
        table.withLock { table in
            table.lastID += 1
            let session = Session(id: table.lastID, agent: agent, connection: connection, since: now)
            let old = table.sessions.updateValue(session, forKey: agent)
            return (session, old)
        }
    }

    /// Takes the session out; `false` when another has its place already.
    func close(_ session: Session) -> Bool {
        table.withLock { table in
            guard table.sessions[session.agent]?.id == session.id else { return false }
            table.sessions[session.agent] = nil
            return true
        }
    }
}
