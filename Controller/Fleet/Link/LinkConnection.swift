internal import CordonModel
internal import CordonTrust
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// One TLS connection and whom its peer's certificate says it is.
final class LinkConnection: Sendable {
    /// Random, so that nobody can name another's connection.
    let id: UInt64
    /// The peer's address without its port, for rate limits and the audit chain.
    let remote: String
    private let channel: any Channel
    private let state = Mutex(State())

    private struct State {
        var fingerprint: Fingerprint?
        var agent: AgentID?
    }

    init(id: UInt64, channel: any Channel) {
        self.id = id
        self.channel = channel
        remote = channel.remoteAddress?.ipAddress ?? "unknown"
    }

    /// SHA-256 of the peer's certificate, also on a resumed session; `nil` without one.
    var fingerprint: Fingerprint? {
        get { state.withLock { $0.fingerprint } }
        set { state.withLock { $0.fingerprint = newValue } }
    }

    /// The agent that was admitted on it.
    var agent: AgentID? {
        get { state.withLock { $0.agent } }
        set { state.withLock { $0.agent = newValue } }
    }

    /// The peer's certificate, DER: asked for only when it is not known, to say what is wrong with it.
    func certificate() async -> [UInt8]? {
        try? await channel.nioSSL_peerCertificate().get()?.toDERBytes()
    }

    /// Cuts the connection with all its streams at once.
    func close() { channel.close(promise: nil) }

    /// Cuts it after a moment in which a last status can reach the peer.
    func close(after delay: TimeAmount) {
        channel.eventLoop.scheduleTask(in: delay) { [channel] in channel.close(promise: nil) }
    }
}

/// Every connection that is open, by its identifier.
final class LinkConnections: Sendable {
    private let table = Mutex<[UInt64: LinkConnection]>([:])

    var all: [LinkConnection] { table.withLock { Array($0.values) } }

    func connection(_ id: UInt64) -> LinkConnection? { table.withLock { $0[id] } }

    func add(_ connection: LinkConnection) { table.withLock { $0[connection.id] = connection } }

    func remove(_ connection: LinkConnection) { table.withLock { $0[connection.id] = nil } }
}
