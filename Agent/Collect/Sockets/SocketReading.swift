internal import AgentNetlink
internal import CordonModel
internal import CordonScan

/// Makes records of what was found of sockets: ECS's fields, as `Documentation/processes.md` says.
struct SocketReading: Sendable {
    let users: UserNames
    let processes: ProcessTable
    let clock: ProcessClock

    static let module = "sockets"
    /// The tag of a connection that no look saw: it had ended.
    static let shortLived = "short_lived"
    /// The tag of a socket whose process may not be seen, or is gone.
    static let unowned = "owner_unknown"

    func opened(_ flow: SocketFlow, _ socket: InetSocket, owner: Int64?, isShortLived: Bool = false) -> Record {
        var fields = fields(["connection", "start"], "connection_opened", flow.transport, flow.remote)
        fields[.networkDirection] = .text("egress")
        set(.sourceIP, .sourceAddress, .sourcePort, flow.local, flow.localPort, &fields)
        set(.destinationIP, .destinationAddress, .destinationPort, flow.remote, flow.remotePort, &fields)
        describe(socket, owner, tags: isShortLived ? [Self.shortLived] : [], &fields)
        let what = "\(flow.transport.rawValue) \(flow.local) \(flow.localPort) \(flow.remote) \(flow.remotePort)"
        return record("opened", what, fields)
    }

    func listening(_ place: ListeningPlace, _ socket: InetSocket, owner: Int64?) -> Record {
        var fields = fields(["start"], "listening_started", place.transport, place.address)
        set(.destinationIP, .destinationAddress, .destinationPort, place.address, place.port, &fields)
        describe(socket, owner, tags: [], &fields)
        return record("listening", place.text, fields)
    }

    func stopped(_ place: ListeningPlace) -> Record {
        var fields = fields(["end"], "listening_stopped", place.transport, place.address)
        set(.destinationIP, .destinationAddress, .destinationPort, place.address, place.port, &fields)
        return record("stopped listening", place.text, fields)
    }

    private func fields(
        _ types: [String], _ action: String, _ transport: SocketFlow.Transport, _ address: IPAddress
    ) -> EventFields {
        [
            .eventModule: .text(Self.module), .eventDataset: .text(Self.module), .eventCategory: .texts(["network"]),
            .eventType: .texts(types), .eventAction: .text(action), .networkTransport: .text(transport.rawValue),
            .networkType: .text(address.width == 32 ? "ipv4" : "ipv6"),
        ]
    }

    private func set(
        _ ip: ECSField, _ address: ECSField, _ port: ECSField, _ value: IPAddress, _ number: UInt16,
        _ fields: inout EventFields
    ) {
        fields[ip] = .text("\(value)")
        fields[address] = .text("\(value)")
        fields[port] = .number(Int64(number))
    }

    private func describe(_ socket: InetSocket, _ owner: Int64?, tags: [String], _ fields: inout EventFields) {
        // Of a socket that no process has any more the kernel says user 0, whoever it was.
        if socket.user != 0 || socket.inode != 0 {
            fields[.userID] = .text(String(socket.user))
            fields.set(.userName, users.user(Int64(socket.user)))
        }
        guard let owner else {
            fields[.tags] = .texts(tags + [Self.unowned])
            return
        }
        fields.set(.tags, tags)
        fields[.processPID] = .number(owner)
        let entry = processes.entry(of: owner)
        fields.set(.processExecutable, entry?.executable)
        fields.set(.processName, entry?.executable?.split(separator: "/").last.map(String.init))
        fields.set(.processCommandLine, entry?.commandLine)
        if let start = ProcessFolder().status(of: owner)?.start {
            fields[.processEntityID] = .text(clock.entity(owner, start: start))
        }
    }

    private func record(_ action: String, _ what: String, _ fields: EventFields) -> Record {
        var fields = fields
        fields[.message] = .text("\(action) \(what)")
        let original: JSONValue = ["what": .text(action), "socket": .text(what)]
        return Record(
            text: original.bytes(), envelope: .known(timestamp: clock.now(), program: nil, pid: nil), fields: fields)
    }
}
