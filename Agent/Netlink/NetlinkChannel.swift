/// Requests and their answers over one socket. Not for two threads at once: its owner serialises.
package struct NetlinkChannel: Sendable {
    let socket: any ByteSocket
    private var sequence: UInt32 = 1

    package init(_ socket: any ByteSocket) { self.socket = socket }

    /// How long the kernel may take to answer; it answers while the request is being sent, in practice.
    private static let patience: Int32 = 5000

    /// Sends messages in one datagram, the last one to be acknowledged; throws the first error the kernel reports.
    package mutating func perform(_ messages: [NetlinkMessage], acknowledgeLast: Int) throws(NetlinkError) {
        drain()
        let first = sequence
        var bytes: [UInt8] = []
        bytes.reserveCapacity(messages.reduce(0) { $0 + 20 + $1.payload.count })
        for (index, var message) in messages.enumerated() {
            message.sequence = sequence
            if index == acknowledgeLast { message.flags |= NetlinkMessage.Flag.acknowledge }
            message.append(to: &bytes)
            sequence &+= 1
        }
        try socket.send(bytes)
        let awaited = first &+ UInt32(acknowledgeLast)
        while let datagram = try socket.receive(timeoutMilliseconds: Self.patience) {
            for message in NetlinkMessage.parse(datagram) where message.type == NetlinkMessage.Control.error {
                if let error = Self.error(message) {
                    drain()
                    throw error
                }
                if message.sequence == awaited { return }
            }
        }
        throw NetlinkError(110, "the kernel did not answer")
    }

    /// Sends messages that each ask for an acknowledgement; returns how many succeeded.
    package mutating func performEach(_ messages: [NetlinkMessage]) throws(NetlinkError) -> Int {
        var succeeded = 0
        var rest = messages[...]
        while !rest.isEmpty {
            // A full receive queue would lose acknowledgements: a few hundred at a time.
            let chunk = rest.prefix(256)
            rest = rest.dropFirst(256)
            for var message in chunk {
                message.sequence = sequence
                message.flags |= NetlinkMessage.Flag.acknowledge
                sequence &+= 1
                var bytes: [UInt8] = []
                message.append(to: &bytes)
                try socket.send(bytes)
            }
            var answered = 0
            while answered < chunk.count, let datagram = try socket.receive(timeoutMilliseconds: Self.patience) {
                for message in NetlinkMessage.parse(datagram) where message.type == NetlinkMessage.Control.error {
                    answered += 1
                    if Self.error(message) == nil { succeeded += 1 }
                }
            }
        }
        return succeeded
    }

    /// The one message that the kernel answers a question with.
    package mutating func ask(_ request: NetlinkMessage) throws(NetlinkError) -> NetlinkMessage {
        let number = try put(request, flags: NetlinkMessage.Flag.request)
        while let datagram = try socket.receive(timeoutMilliseconds: Self.patience) {
            for answer in NetlinkMessage.parse(datagram) where answer.sequence == number {
                guard answer.type == NetlinkMessage.Control.error else { return answer }
                throw Self.error(answer) ?? NetlinkError(61, "there is no answer")
            }
        }
        throw NetlinkError(110, "the kernel did not answer")
    }

    /// All messages that a dump request answers with.
    package mutating func dump(_ request: NetlinkMessage) throws(NetlinkError) -> [NetlinkMessage] {
        var found: [NetlinkMessage] = []
        try dump(request) { datagram, message in found.append(NetlinkMessage(datagram, at: message)) }
        return found
    }

    /// Hands on the messages that a dump request answers with one by one, so that a long list takes no memory.
    /// - Parameter each: gets a datagram, and where in it a message stands, header and all.
    package mutating func dump(
        _ request: NetlinkMessage, each: (_ datagram: [UInt8], _ message: Range<Int>) -> Void
    ) throws(NetlinkError) {
        let number = try put(request, flags: NetlinkMessage.Flag.request | NetlinkMessage.Flag.dump)
        while let datagram = try socket.receive(timeoutMilliseconds: Self.patience) {
            var offset = 0
            while let range = NetlinkMessage.range(in: datagram, from: offset) {
                offset = range.lowerBound + (range.count + 3) & ~3
                guard datagram.host32(range.lowerBound + 8) == number else { continue }
                switch datagram.host16(range.lowerBound + 4) {
                case NetlinkMessage.Control.done: return
                case NetlinkMessage.Control.error:
                    if let error = Self.error(NetlinkMessage(datagram, at: range)) { throw error }
                    return
                default: each(datagram, range)
                }
            }
        }
        throw NetlinkError(110, "the kernel did not finish a list")
    }

    /// Sends one question; returns the number that its answers carry.
    private mutating func put(_ request: NetlinkMessage, flags: UInt16) throws(NetlinkError) -> UInt32 {
        drain()
        var message = request
        message.flags |= flags
        message.sequence = sequence
        sequence &+= 1
        var bytes: [UInt8] = []
        message.append(to: &bytes)
        try socket.send(bytes)
        return message.sequence
    }

    /// Throws away what an earlier request that failed may have left in the queue.
    private func drain() {
        while (try? socket.receive(timeoutMilliseconds: 0)) ?? nil != nil {}
    }

    /// The error of an NLMSG_ERROR; `nil` for an acknowledgement.
    private static func error(_ message: NetlinkMessage) -> NetlinkError? {
        guard message.payload.count >= 4 else { return NetlinkError(71, "a malformed answer") }
        let number = Int32(bitPattern: message.payload.host32(0))
        if number == 0 { return nil }
        // After the error come the header of the request (20 bytes in all) and, when capped, the extended
        // acknowledgement.
        let capped = message.flags & 0x100 != 0
        let echoed = message.payload.count >= 20 ? (capped ? 16 : Int(message.payload.host32(4))) : 16
        let start = min(message.payload.count, 4 + ((echoed + 3) & ~3))
        let words = message.flags & 0x200 != 0 ? Attribute.parse(message.payload[start...])[type: 1]?.text : nil
        return NetlinkError(-number, words ?? "")
    }
}
