internal import ControllerAccess
internal import CordonModel
internal import CordonScan
internal import HTTPTypes
internal import Hummingbird
internal import ServiceLifecycle

/// One watcher's server-sent events (WHATWG HTML §9.2): changes, a resync where some were lost, a comment as heartbeat.
struct ChangeStream: Sendable {
    let call: Call
    let topic: Change.Topic?
    let credential: Credential

    /// Between heartbeats; the right to watch is looked at again with each.
    static let heartbeat = Duration.seconds(15)

    /// The answer's body, which ends with the session, with the controller, or with the reader.
    func body() throws(Problem) -> ResponseBody {
        let watching = try call.services.changes.watch(as: credential.id, after: lastSeen)
        return ResponseBody { writer in
            var writer = writer
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            try await withThrowingTaskGroup { group in
                group.addTask { try await beat(watching) }
                group.addTask { await untilClosed(watching) }
                try await withGracefulShutdownHandler {
                    for await notice in watching {
                        guard let text = text(of: notice) else { continue }
                        try await writer.write(ByteBuffer(string: text))
                    }
                } onGracefulShutdown: {
                    watching.end()
                }
                group.cancelAll()
            }
            try await writer.finish(nil)
        }
    }

    /// The number of `Last-Event-ID` (`EPOCH.NUMBER`); one of another epoch is behind by definition.
    private var lastSeen: UInt64? {
        guard let text = HTTPField.Name("Last-Event-ID").flatMap({ call.request.headers[$0] }) else { return nil }
        let parts = text.split(separator: ".")
        guard parts.count == 2, UInt64(parts[0]) == call.services.changes.epoch, let number = UInt64(parts[1]) else {
            return .max
        }
        return number
    }

    private func beat(_ watching: Watching) async throws {
        defer { watching.end() }
        while try await call.services.access.isValid(credential) {
            try await Task.sleep(for: Self.heartbeat)
            watching.beat()
        }
    }

    /// Ends the watching when the reader hangs up or the credential ends.
    private func untilClosed(_ watching: Watching) async {
        do {
            try await call.request.body.consumeWithInboundCloseHandler { _ in
                for await _ in call.services.access.end(of: credential) {}
            } onInboundClosed: {
                watching.end()
            }
        } catch {}
        watching.end()
    }

    private func text(of notice: Watching.Notice) -> String? {
        switch notice {
        case .beat: return ": beat\n\n"
        case .resync(let number): return event("resync", number, [:])
        case .change(let change, let number):
            guard topic == nil || topic == change.topic else { return nil }
            return event("change", number, ChangeView.json(change))
        }
    }

    private func event(_ name: String, _ number: UInt64, _ data: JSONValue) -> String {
        "id: \(call.services.changes.epoch).\(number)\nevent: \(name)\ndata: \(data.json())\n\n"
    }
}

/// Changes as watchers get them.
enum ChangeView {
    static func json(_ change: Change) -> JSONValue {
        [
            "topic": .text(change.topic.rawValue), "id": .text(change.id), "summary": .text(change.summary),
            "at": .text("\(change.at)"),
        ]
    }
}
