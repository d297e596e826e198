internal import CordonModel
internal import NIOCore

/// Ends a connection whose peer is silent for longer than a ping and its answer take.
///
/// The transport's own keepalive only asks a peer that does not answer to finish, and waits for that answer: a host that
/// was cut off without a word would stay online for as long as TCP tries. Stands in front of TLS, whose closing waits for
/// the peer too.
final class DeadPeerCut: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// The handlers, in their order.
    static func handlers(after silence: Duration) -> [any ChannelHandler] {
        [IdleStateHandler(readTimeout: .milliseconds(silence.milliseconds)), DeadPeerCut()]
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }
}
