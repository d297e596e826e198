internal import AgentNetlink

/// The kernel's proc connector: it says of every process when it forks, executes and ends, without any rule.
///
/// Before Linux 6.6 it needs CAP_NET_ADMIN. It speaks in the first pid, user and network namespace only.
final class ProcConnector: Sendable {
    private let socket: NetlinkSocket

    private static let group: Int32 = 1
    private static let listen: UInt32 = 1
    private static let ignore: UInt32 = 2
    /// How long the kernel may take to say that it will speak.
    private static let patience: Int32 = 2000

    /// What one look at the queue gave.
    enum Reading: Sendable, Hashable {
        case notice(ProcessNotice)
        case nothing
        /// The queue was full, and the kernel dropped some.
        case lost
    }

    /// Listens from now on.
    init(bufferBytes: Int32) throws(CollectError) {
        do {
            socket = try NetlinkSocket(protocol: NetlinkProtocol.connector, bufferBytes: bufferBytes)
            try socket.join(group: Self.group)
            try socket.send(Self.request([Self.listen], port: socket.port))
        } catch {
            throw Self.refusal(error.number)
        }
        try awaitAnswer()
        // Since 6.6 the kernel leaves out what is not asked for, its answers too; before, it passes this over.
        let wanted = ProcessNotice.Kind.fork | ProcessNotice.Kind.exec | ProcessNotice.Kind.exit
        try? socket.send(Self.request([Self.listen, wanted]))
    }

    /// Before 6.6 the kernel counts who listens by what they say, not by their sockets.
    deinit { try? socket.send(Self.request([Self.ignore])) }

    /// What comes next, within so many milliseconds.
    func next(milliseconds: Int32) throws(CollectError) -> Reading {
        do {
            while let datagram = try socket.receive(timeoutMilliseconds: milliseconds) {
                guard let message = NetlinkMessage.parse(datagram).first, let notice = ProcessNotice(message.payload)
                else { continue }
                return .notice(notice)
            }
            return .nothing
        } catch {
            if error.number == 105 { return .lost }
            throw Self.refusal(error.number)
        }
    }

    /// Others who begin to listen get answers too, and everybody hears them: ours has our number.
    private func awaitAnswer() throws(CollectError) {
        for _ in 0..<10_000 {
            switch try next(milliseconds: Self.patience) {
            case .notice(let notice):
                guard case .answer(to: socket.port &+ 1, let error) = notice.what else { continue }
                if error == 0 { return }
                throw Self.refusal(Int32(clamping: error))
            case .lost: continue
            case .nothing: throw Self.refusal(0)
            }
        }
    }

    /// `struct cn_msg`, and words after it: `enum proc_cn_mcast_op` or `struct proc_input`.
    private static func request(_ words: [UInt32], port: UInt32 = 0) -> [UInt8] {
        var payload: [UInt8] = []
        for word in [1, 1, 0, port] as [UInt32] { payload.append(host: word) }
        payload.append(host: UInt16(words.count * 4))
        payload.append(host: UInt16(0))
        for word in words { payload.append(host: word) }
        var bytes: [UInt8] = []
        // NLMSG_DONE is what the connector's messages are.
        NetlinkMessage(type: NetlinkMessage.Control.done, flags: 0, payload: payload).append(to: &bytes)
        return bytes
    }

    private static func refusal(_ number: Int32) -> CollectError {
        switch number {
        case 1, 13:
            CollectError(
                "no_connector", "The kernel does not let this agent hear of processes (error \(number)).",
                remedy: "Give the agent CAP_NET_ADMIN, which Linux before 6.6 asks for; or have audit tell of them.")
        case 0, 111, 93:
            CollectError(
                "no_connector", "The kernel's proc connector does not answer.",
                remedy: """
                    It needs CONFIG_PROC_EVENTS, and an agent in the host's first network, pid and user namespace; or \
                    have audit tell of processes.
                    """)
        default:
            CollectError("no_connector", "The kernel's proc connector failed (error \(number)).")
        }
    }
}
