internal import CordonModel
internal import CordonScan
internal import HTTPTypes
package import NIOCore
package import NIOHTTPTypes
internal import Synchronization

/// How many connections each source address has, so that no one source can take them all.
package final class ConnectionSources: Sendable {
    private let counts = Mutex<[IPAddress: Int]>([:])
    private let most: Int

    /// - Parameter most: Connections of one address at one time.
    package init(most: Int = APILimits.connectionsOfOneSource) { self.most = most }

    /// Takes a place; `false` when the address has as many as it may.
    func enter(_ source: IPAddress) -> Bool {
        counts.withLock { counts in
            guard counts[source, default: 0] < most else { return false }
            counts[source, default: 0] += 1
            return true
        }
    }

    func leave(_ source: IPAddress) {
        counts.withLock { counts in
            let left = (counts[source] ?? 0) - 1
            counts[source] = left > 0 ? left : nil
        }
    }
}

/// Watches one connection for those who hold it without using it: a request must come whole within a time, whatever
/// pace its bytes have, and so must the handshake and the head of the first. An answer may take as long as it takes.
package final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private let sources: ConnectionSources
    private let patience: TimeAmount
    private let idle: TimeAmount
    private var source: IPAddress?
    private var deadline: Scheduled<Void>?
    private var isReceiving = false
    private var isAnswering = false
    private var isOver = false
    /// Requests whose answers are not whole yet: more than one where they are pipelined.
    private var unanswered = 0

    /// - Parameters:
    ///   - patience: For a request to come whole.
    ///   - idle: Between two requests.
    package init(
        _ sources: ConnectionSources, patience: TimeAmount = .seconds(APILimits.requestSeconds),
        idle: TimeAmount = .seconds(APILimits.idleSeconds)
    ) {
        self.sources = sources
        self.patience = patience
        self.idle = idle
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if let address = context.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) {
            guard sources.enter(address) else {
                context.close(promise: nil)
                return
            }
            source = address
        }
        setDeadline(patience, context)
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        source.map { sources.leave($0) }
        source = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head:
            isReceiving = true
            unanswered += 1
            setDeadline(patience, context)
        case .body: break
        case .end:
            isReceiving = false
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: isAnswering = true
        case .body: break
        case .end:
            isAnswering = false
            unanswered -= 1
            // Where a request was answered before it was whole, what is left of it has the time that it had.
            if !isReceiving, unanswered <= 0 { setDeadline(idle, context) }
        }
        context.write(data, promise: promise)
    }

    private func setDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { bound.value.0.expire(bound.value.1) }
    }

    private func expire(_ context: ChannelHandlerContext) {
        if isReceiving, !isAnswering, unanswered == 1 {
            let problem = Problem.tooSlow
            let body = problem.json.bytes()
            let fields: HTTPFields = [
                .contentType: "application/problem+json", .contentLength: "\(body.count)", .connection: "close",
            ]
            isAnswering = true
            context.write(
                wrapOutboundOut(.head(HTTPResponse(status: problem.status, headerFields: fields))), promise: nil)
            context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            // Closed at once, what is still coming in would make the kernel take the answer back.
            isOver = true
            context.close(mode: .output, promise: nil)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            deadline = context.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.close(promise: nil) }
            return
        }
        context.close(promise: nil)
    }
}
