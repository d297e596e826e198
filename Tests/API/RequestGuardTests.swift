import CordonModel
import CordonScan
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import NIOPosix
import Testing

@testable import ControllerAPI

/// Connections that are held and not used: the real handler, on a clock of the test's.
@Suite("Holding a connection", .timeLimit(.minutes(1)))
struct RequestGuardTests {
    private let channel = EmbeddedChannel()
    private let head = HTTPRequest(method: .post, scheme: "https", authority: "x", path: "/api/v1/session")

    init() throws {
        try channel.pipeline.syncOperations.addHandler(
            RequestGuard(ConnectionSources(), patience: .seconds(30), idle: .seconds(60)))
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    }

    @Test("a body that drips ends with a problem, and soon after with the connection")
    func drippedBody() throws {
        try channel.writeInbound(HTTPRequestPart.head(head))
        // Never idle: only the whole time can end it.
        for _ in 0..<29 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: " ")))
        }
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        guard case .head(let answer)? = try channel.readOutbound(as: HTTPResponsePart.self),
            case .body(let body)? = try channel.readOutbound(as: HTTPResponsePart.self),
            case .end? = try channel.readOutbound(as: HTTPResponsePart.self)
        else {
            Issue.record("no whole answer")
            return
        }
        #expect(answer.status == .requestTimeout)
        #expect(answer.headerFields[.contentType] == "application/problem+json")
        let problem = try JSONValue.parse(String(buffer: body))
        #expect(problem["code"]?.text == "request.too_slow" && OpenAPI.problem.faults(in: problem).isEmpty)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test("a connection whose first request never begins ends")
    func nothing() {
        channel.embeddedEventLoop.advanceTime(by: .seconds(29))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("an answer may take as long as it takes; then the next request has its time to begin")
    func slowAnswer() throws {
        try request()
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
        try answer()
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        try request()
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        try answer()
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(!channel.isActive)
    }

    @Test("two requests at once: the first's answer does not start the clock while the second waits for its own")
    func pipelined() throws {
        try request()
        try request()
        try answer()
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
        try answer()
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(!channel.isActive)
    }

    @Test("a request that was answered before it was whole cannot drip on")
    func answeredEarly() throws {
        try channel.writeInbound(HTTPRequestPart.head(head))
        channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        try answer()
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(!channel.isActive)
    }

    private func request() throws {
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeInbound(HTTPRequestPart.end(nil))
    }

    private func answer() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    // MARK: - Over real sockets

    @Test("one source has so many connections, and one that ends makes room")
    func sources() async throws {
        // The test's own client has one place.
        try await serve(most: 3) { port in
            let (first, second) = (try await Self.connect(port), try await Self.connect(port))
            for connection in [first, second] { #expect(try await Self.isAnswered(connection)) }
            #expect(try await !Self.isAnswered(try await Self.connect(port)))
            try await first.channel.close()
            try await until { try await Self.isAnswered(try await Self.connect(port)) }
            try await second.channel.close()
        }
    }

    private func serve(most: Int, _ body: @escaping @Sendable (_ port: Int) async throws -> Void) async throws {
        let fixture = try await APIFixture()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let sources = ConnectionSources(most: most)
        let application = Application(
            router: API.router(fixture.services),
            server: .http1(configuration: .init(additionalChannelHandlers: [RequestGuard(sources)])),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: logger)
        try await application.test(.live) { client in try await body(try #require(client.port)) }
    }

    private typealias Connection = (channel: any Channel, first: FirstWord)

    private static func connect(_ port: Int) async throws -> Connection {
        let first = FirstWord()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(first)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return (channel, first)
    }

    /// Whether a request on it is answered; `false` when it is closed instead.
    private static func isAnswered(_ connection: Connection) async throws -> Bool {
        connection.channel.writeAndFlush(
            ByteBuffer(string: "GET /api/v1/hosts HTTP/1.1\r\nHost: x\r\n\r\n"), promise: nil)
        return try await connection.first.heard.get()
    }

    /// Whether anything came before the end.
    private final class FirstWord: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Bool.self)
        var heard: EventLoopFuture<Bool> { promise.futureResult }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { promise.succeed(true) }
        func channelInactive(context: ChannelHandlerContext) { promise.succeed(false) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.succeed(false) }
    }
}
