import ControllerFleet
import CordonModel
import CordonTrust
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import HummingbirdTesting
import Logging
import NIOSSL
import Synchronization
import Testing

@testable import ControllerPlaybooks
@testable import cordon_controller

/// HTTP calls of playbooks: the real client against real servers on the loopback.
@Suite("HTTP calls of playbooks")
struct HTTPCallsTests {
    @Test("what is listed is called, with method, headers, body and a key against doing it twice")
    func called() async throws {
        let server = CalledServer()
        try await server.serve { base in
            var call = call("\(base)/echo")
            call.method = "POST"
            call.headers = [.init(name: "X-Ticket", value: "7"), .init(name: "Idempotency-Key", value: "forged")]
            call.body = Array("hello".utf8)
            let reply = try await HTTPCalls(allowed: ["127.0.0.1"]).perform(call)
            #expect(reply == HTTPReply(status: 200, body: Array("POST 7 \(call.id) hello".utf8)))
        }
    }

    @Test("a status that says no is an answer, not an error")
    func refusedByServer() async throws {
        let server = CalledServer()
        try await server.serve { base in
            let reply = try await HTTPCalls(allowed: ["127.0.0.1"]).perform(call("\(base)/nowhere"))
            #expect(reply.status == 404)
        }
    }

    @Test("what is not listed is not called, whatever it is dressed as")
    func notListed() async throws {
        let server = CalledServer()
        try await server.serve { base in
            let port = try #require(base.split(separator: ":").last)
            let addresses = [
                base, "http://LOCALHOST:\(port)/", "http://allowed.example@127.0.0.1:\(port)/",
                "http://127.0.0.1:\(port)\\@allowed.example/", "http://[::1]:\(port)/", "http://2130706433:\(port)/",
                "http://allowed.example.:\(port)/", "http://allowed.example:1@127.0.0.1/", "file:///etc/passwd",
                "http://:\(port)/", "http:///", "http://allowed.example:0/", "http://allowed.example:65536/",
            ]
            let calls = try HTTPCalls(allowed: ["allowed.example", "127.0.0.1:1"])
            for address in addresses {
                let error = await #expect(throws: ControllerError.self, "\(address)") {
                    try await calls.perform(call(address))
                }
                #expect(
                    ["http.not_allowed", "http.authority", "http.scheme"].contains(error?.code ?? ""), "\(address)")
            }
            let error = await #expect(throws: ControllerError.self) { try await calls.perform(call(base)) }
            #expect(error?.message == "The playbook may not call 127.0.0.1.")
            #expect(error?.remedy.contains("[http_calls]") == true)
        }
        #expect(server.paths.isEmpty)
    }

    @Test("a host may be listed with one port only")
    func port() async throws {
        let server = CalledServer()
        try await server.serve { base in
            let listed = String(base.dropFirst("http://".count))
            let reply = try await HTTPCalls(allowed: [listed]).perform(call("\(base)/echo"))
            #expect(reply.status == 200)
        }
    }

    @Test("a redirect is an answer and is not followed")
    func redirect() async throws {
        let server = CalledServer()
        try await server.serve { base in
            let reply = try await HTTPCalls(allowed: ["127.0.0.1"]).perform(call("\(base)/redirect"))
            #expect(reply.status == 302)
        }
        #expect(server.paths == ["/redirect"])
    }

    @Test("of a long answer 64 KiB are kept")
    func bound() async throws {
        let server = CalledServer()
        try await server.serve { base in
            let reply = try await HTTPCalls(allowed: ["127.0.0.1"]).perform(call("\(base)/long"))
            #expect(reply.body == [UInt8](repeating: UInt8(ascii: "x"), count: 65_536))
        }
    }

    @Test("an answer that drips ends with the step's time", .timeLimit(.minutes(1)))
    func drip() async throws {
        let server = CalledServer()
        try await server.serve { base in
            var call = call("\(base)/drip")
            call.timeoutSeconds = 1
            let slow = call
            let error = await #expect(throws: ControllerError.self) {
                try await HTTPCalls(allowed: ["127.0.0.1"]).perform(slow)
            }
            #expect(error?.code == "http.too_slow", "\(String(describing: error))")
        }
        #expect(!server.hasDrippedOut)
    }

    @Test("nobody there is said in one sentence")
    func nobody() async throws {
        let error = await #expect(throws: ControllerError.self) {
            try await HTTPCalls(allowed: ["127.0.0.1"]).perform(call("http://127.0.0.1:1/"))
        }
        #expect(error?.code == "http.failed")
        #expect(error?.message.hasPrefix("127.0.0.1 could not be called: ") == true)
    }

    @Test("over TLS a server is called whose authority is trusted, and no other")
    func secure() async throws {
        let secure = try await SecureController()
        defer { withExtendedLifetime(secure) {} }
        let keys = secure.keys
        let scratch = try Desk()
        let authorities = scratch.home + "/authorities.pem"
        try Data(keys.authority.anchor.pem.utf8).write(to: URL(filePath: authorities))
        let server = CalledServer()
        try await server.serve(
            certificate: keys.certificateFile, key: keys.certificateKeyFile
        ) { base in
            let trusting = try HTTPCalls(allowed: ["127.0.0.1"], authorities: authorities)
            let reply = try await trusting.perform(call("\(base)/echo"))
            #expect(reply.status == 200)
            let error = await #expect(throws: ControllerError.self) {
                try await HTTPCalls(allowed: ["127.0.0.1"]).perform(call("\(base)/echo"))
            }
            #expect(error?.code == "http.failed")
        }
        #expect(server.paths == ["/echo"])
    }

    @Test("a file of authorities that holds none stops the start, with its name")
    func noAuthorities() throws {
        let error = #expect(throws: ControllerError.self) {
            try HTTPCalls(allowed: [], authorities: "/dev/null/none.pem")
        }
        #expect(error?.message.contains("/dev/null/none.pem") == true)
    }

    private func call(_ url: String) -> HTTPEffect {
        let id = UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0009)
        return HTTPEffect(
            id: EffectID(id), method: "GET", url: url, headers: [], body: [], timeoutSeconds: 20, run: RunID(id))
    }
}

/// A server that remembers what was asked of it.
private final class CalledServer: Sendable {
    private let asked = Mutex<[String]>([])
    private let drips = Mutex(0)
    private static let mostDrips = 2_000

    var paths: [String] { asked.withLock { $0 } }
    var hasDrippedOut: Bool { drips.withLock { $0 } >= Self.mostDrips }

    func serve(
        certificate: String? = nil, key: String = "", _ body: @escaping @Sendable (_ base: String) async throws -> Void
    ) async throws {
        let http: HTTPServerBuilder
        if let certificate {
            http = try .tls(
                .http1(),
                tlsConfiguration: .makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))))
        } else {
            http = .http1()
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router, server: http, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            logger: logger)
        try await application.test(.live) { client in
            try await body("\(certificate == nil ? "http" : "https")://127.0.0.1:\(try #require(client.port))")
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        for method in [HTTPRequest.Method.get, .post] {
            router.on("/echo", method: method) { request, _ in
                self.asked.withLock { $0.append("/echo") }
                let body = try await request.body.collect(upTo: 1024)
                let words = ["X-Ticket", "Idempotency-Key"].map { name in
                    HTTPField.Name(name).map { request.headers[values: $0].joined(separator: ",") } ?? ""
                }
                return "\(request.method) \(words[0]) \(words[1]) \(String(buffer: body))"
            }
        }
        router.get("/redirect") { _, _ in
            self.asked.withLock { $0.append("/redirect") }
            return Response(status: .found, headers: [.location: "/echo"])
        }
        router.get("/long") { _, _ in String(repeating: "x", count: 1_000_000) }
        router.get("/drip") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<Self.mostDrips {
                        try await writer.write(ByteBuffer(string: "."))
                        self.drips.withLock { $0 += 1 }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    try await writer.finish(nil)
                })
        }
        return router
    }
}
