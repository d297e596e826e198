import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import CordonModel
import CordonScan
import HTTPTypes
import HummingbirdTesting
import NIOCore
import NIOPosix
import Testing

@Suite("The change feed")
struct ChangeFeedTests {
    private func change(_ number: Int, _ topic: Change.Topic = .host) -> Change {
        Change(topic: topic, id: "\(number)", summary: "s\(number)", at: WebFixture.start)
    }

    @Test("each watcher hears each change in order")
    func order() async throws {
        let feed = ChangeFeed()
        let watchers = [try feed.watch(), try feed.watch()]
        for number in 1...100 { feed.publish(change(number)) }
        feed.close()
        for watcher in watchers {
            var heard: [Watching.Notice] = []
            for await notice in watcher { heard.append(notice) }
            #expect(heard == (1...100).map { .change(change($0), number: UInt64($0)) })
        }
        #expect(feed.watcherCount == 0)
    }

    @Test("a slow watcher loses old news, keeps the newest, and is told")
    func slow() async throws {
        let feed = ChangeFeed(depth: 4)
        let watching = try feed.watch()
        for number in 1...100 { feed.publish(change(number)) }
        feed.close()
        var heard: [Watching.Notice] = []
        for await notice in watching { heard.append(notice) }
        #expect(heard.first == .resync(number: 97))
        #expect(heard.dropFirst() == (97...100).map { .change(change($0), number: UInt64($0)) }[...])
    }

    @Test(
        "who comes back where he left hears nothing twice; who comes back late is told to look anew",
        arguments: [(3 as UInt64, false), (2, true), (.max, true)])
    func comingBack(after: UInt64, isBehind: Bool) async throws {
        let feed = ChangeFeed()
        for number in 1...3 { feed.publish(change(number)) }
        let watching = try feed.watch(after: after)
        feed.publish(change(4))
        feed.close()
        var heard: [Watching.Notice] = []
        for await notice in watching { heard.append(notice) }
        #expect(heard == (isBehind ? [.resync(number: 3)] : []) + [.change(change(4), number: 4)])
    }

    @Test("one session cannot take the places of all, and the refusal is a problem that says so")
    func boundedForOne() throws {
        let feed = ChangeFeed(most: 5, mostOfOne: 2)
        let held = [try feed.watch(as: "eve"), try feed.watch(as: "eve")]
        let error = #expect(throws: Problem.self) { try feed.watch(as: "eve") }
        #expect(error?.status == .tooManyRequests && error?.code == "changes.too_many_of_one")
        let other = try feed.watch(as: "ada")
        held[0].end()
        let again = try feed.watch(as: "eve")
        #expect(feed.watcherCount == 3)
        _ = (held, other, again)
    }

    @Test("as many watch as may, and one who leaves makes room")
    func bounded() async throws {
        let feed = ChangeFeed(most: 2)
        let first = try feed.watch()
        let second = try feed.watch()
        #expect(throws: Problem.self) { try feed.watch() }
        first.end()
        let third = try feed.watch()
        #expect(feed.watcherCount == 2)
        feed.close()
        #expect(throws: Problem.self, "nobody begins to watch a controller that is stopping") { try feed.watch() }
        _ = (second, third)
    }
}

/// Server-sent events over a real connection.
@Suite("Server-sent changes", .timeLimit(.minutes(1)))
struct ChangeRouteTests {
    @Test("changes arrive as they happen, and the answer ends with the session")
    func live() async throws {
        let fixture = try await APIFixture()
        let signIn = try await fixture.services.access.signIn("viewer", password: WebFixture.password, from: .v4(1))
        let answer = try await events(fixture, signIn.token, "/api/v1/changes") {
            fixture.services.changes.publish(
                Change(topic: .case, id: "1", summary: "a\nb\u{2028}", at: WebFixture.start))
            fixture.services.changes.publish(Change(topic: .host, id: "2", summary: "two", at: WebFixture.start))
            try await fixture.services.access.signOut(signIn.credential)
        }
        #expect(answer.headers[.contentType] == "text/event-stream")
        let blocks = String(buffer: answer.body).split(separator: "\n\n")
        #expect(blocks.first == "retry: 2000")
        #expect(blocks.count { $0.contains("event: change") } == 2)
        let data = try #require(blocks.dropFirst().first?.split(separator: "\n").first { $0.hasPrefix("data: ") })
        let value = try JSONValue.parse(String(data.dropFirst(6)))
        #expect(value["topic"]?.text == "case")
        #expect(value["summary"]?.text == "a\nb\u{2028}")
    }

    @Test("only the topic that was asked for arrives")
    func topic() async throws {
        let fixture = try await APIFixture()
        let signIn = try await fixture.services.access.signIn("viewer", password: WebFixture.password, from: .v4(1))
        let answer = try await events(fixture, signIn.token, "/api/v1/changes?topic=host") {
            for topic in Change.Topic.allCases {
                fixture.services.changes.publish(Change(topic: topic, id: "x", summary: "", at: WebFixture.start))
            }
            try await fixture.services.access.signOut(signIn.credential)
        }
        #expect(String(buffer: answer.body).split(separator: "\n").filter { $0.hasPrefix("data: ") }.count == 1)
    }

    @Test(
        "revoking an API token, removing its owner, and stopping the controller each end the answer",
        arguments: ["token", "stop"])
    func ends(how: String) async throws {
        let fixture = try await APIFixture()
        let token = try await fixture.services.access.createToken(
            name: "bot", role: .viewer, lifetime: .seconds(600), by: .system)
        _ = try await events(fixture, token.secret, "/api/v1/changes") {
            if how == "token" {
                try await fixture.services.access.revokeToken(token.token.id, by: .system)
            } else {
                fixture.services.changes.close()
            }
        }
        #expect(fixture.services.changes.watcherCount == 0)
    }

    @Test("a reader who hangs up is forgotten")
    func hangsUp() async throws {
        let fixture = try await APIFixture()
        let token = try await fixture.token(.viewer)
        try await fixture.application.test(.live) { client in
            let port = try #require(client.port)
            let other = TestClient(
                host: "127.0.0.1", port: port, eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton))
            other.connect()
            let request = TestClient.Request(
                "/api/v1/changes", method: .get, headers: [.authorization: "Bearer \(token)"])
            try await other.executeAndDontWaitForResponse(request)
            try await until { fixture.services.changes.watcherCount == 1 }
            try await other.shutdown()
            try await until { fixture.services.changes.watcherCount == 0 }
        }
    }

    @Test("a viewer's seventeenth stream is refused while another person's is served")
    func greedyViewer() async throws {
        let fixture = try await APIFixture()
        let (greedy, other) = (try await fixture.token(.viewer), try await fixture.token(.viewer))
        try await fixture.application.test(.live) { client in
            let port = try #require(client.port)
            var open: [TestClient] = []
            for token in Array(repeating: greedy, count: APILimits.watchersOfOne) + [other] {
                let watcher = TestClient(
                    host: "127.0.0.1", port: port,
                    eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton))
                watcher.connect()
                try await watcher.executeAndDontWaitForResponse(
                    TestClient.Request(
                        "/api/v1/changes", method: .get, headers: [.authorization: "Bearer \(token)"]))
                open.append(watcher)
                try await until { fixture.services.changes.watcherCount == open.count }
            }
            let refused = try await client.execute(
                uri: "/api/v1/changes", method: .get, headers: [.authorization: "Bearer \(greedy)"])
            #expect(refused.status == .tooManyRequests)
            #expect(refused.headers[.contentType] == "application/problem+json")
            for watcher in open { try await watcher.shutdown() }
            try await until { fixture.services.changes.watcherCount == 0 }
        }
    }

    /// The whole answer, once somebody watches and the body has done what ends it.
    private func events(
        _ fixture: APIFixture, _ token: String, _ path: String, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> TestResponse {
        try await fixture.application.test(.live) { client in
            async let answer = client.execute(uri: path, method: .get, headers: [.authorization: "Bearer \(token)"])
            try await until { fixture.services.changes.watcherCount == 1 }
            try await body()
            return try await answer
        }
    }
}

/// Waits for what becomes true soon; gives up after ten seconds.
func until(_ condition: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(10)
    while try await !condition() {
        try #require(clock.now < end, "it did not become true within ten seconds")
        try await Task.sleep(for: .milliseconds(5))
    }
}
