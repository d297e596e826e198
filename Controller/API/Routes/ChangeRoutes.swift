internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird
internal import ServiceLifecycle

extension API {
    /// News, as it happens.
    static var changeRoutes: [Route] {
        [
            Route(
                method: .get, path: "\(root)/changes", name: "watchChanges", tag: "changes",
                summary:
                    "Server-sent events: `change` with what changed, `resync` when news was lost and everything is to be "
                    + "looked at again. Ends when the session does. `Last-Event-ID` goes on where one was.",
                admission: .role(.viewer),
                query: [.init("topic", .choice(of: Change.Topic.self), "Only of this topic.")],
                answer: .media("text/event-stream"), problems: [.tooManyRequests, .serviceUnavailable]
            ) { call in
                let stream = ChangeStream(
                    call: call, topic: call.choice(query: "topic"), credential: try call.credential())
                return .content(try stream.body(), mediaType: "text/event-stream", headers: [:])
            }
        ]
    }
}
