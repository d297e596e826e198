internal import AsyncHTTPClient
internal import ControllerPlaybooks
internal import CordonModel
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// HTTP calls of playbooks. Only hosts that the administrator lists are called (`[http_calls] allow`), no redirect is
/// followed, and what they answer is cut to its bound: a playbook cannot reach where it likes (SSRF).
struct HTTPCalls: Sendable {
    /// `host` (any port) or `host:port`, lower case.
    private let allowed: Set<String>
    private let tls: TLSConfiguration
    private static let mostKept = 64 * 1024

    /// - Parameter authorities: A PEM file of authorities that are trusted beside the system's; `nil` for none.
    init(allowed: [String], authorities: String? = nil) throws {
        self.allowed = Set(allowed.map { $0.lowercased() })
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities {
            do {
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(authorities))]
            } catch {
                throw ControllerError(
                    "settings.authorities", "\(authorities) holds no certificates of authorities that can be read.",
                    remedy: "Give a PEM file as authorities in [http_calls], or leave it out.")
            }
        }
        self.tls = tls
    }

    func perform(_ call: HTTPEffect) async throws -> HTTPReply {
        let authority = try Self.authority(of: call.url)
        guard allowed.contains(authority.host) || allowed.contains("\(authority.host):\(authority.port)") else {
            throw ControllerError(
                "http.not_allowed", "The playbook may not call \(PlainName.shown(authority.host)).",
                remedy: "An administrator can add it to allow in [http_calls] of the controller's settings.")
        }
        var request = HTTPClientRequest(url: call.url)
        request.method = .RAW(value: call.method)
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        request.headers.replaceOrAdd(name: "Idempotency-Key", value: "\(call.id)")
        if !call.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: call.body)) }
        request.tlsConfiguration = tls
        do {
            return try await Self.withDeadline(.seconds(call.timeoutSeconds)) { [request] in
                try await Self.reply(to: request, within: call.timeoutSeconds)
            }
        } catch let error as ControllerError {
            throw error
        } catch {
            throw ControllerError("http.failed", "\(PlainName.shown(authority.host)) could not be called: \(error).")
        }
    }

    private static func reply(to request: HTTPClientRequest, within seconds: Int) async throws -> HTTPReply {
        let response = try await client.execute(request, timeout: .seconds(Int64(seconds)))
        var body: [UInt8] = []
        for try await part in response.body {
            body += part.readableBytesView.prefix(mostKept - body.count)
            if body.count >= mostKept { break }
        }
        return HTTPReply(status: Int(response.status.code), body: body)
    }

    /// The client's own time ends with the head: a server that drips its body would hold the step for ever.
    private static func withDeadline<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw ControllerError("http.too_slow", "The server did not answer in full within \(limit).")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Host and port of an absolute `http` or `https` URL; user information is refused.
    private static func authority(of url: String) throws -> (host: String, port: Int) {
        let isSecure = url.lowercased().hasPrefix("https://")
        guard isSecure || url.lowercased().hasPrefix("http://") else {
            throw ControllerError("http.scheme", "Only http and https addresses can be called.")
        }
        let rest = url.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != "\\" }.lowercased()
        guard !authority.contains("@"), !authority.isEmpty else {
            throw ControllerError("http.authority", "The address names no host, or carries a user name.")
        }
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else {
            return (authority, isSecure ? 443 : 80)
        }
        guard let port = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(port) else {
            throw ControllerError("http.authority", "The address's port is no port.")
        }
        return (String(authority[..<colon]), port)
    }

    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(60))))
}
