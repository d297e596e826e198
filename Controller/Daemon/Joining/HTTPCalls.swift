internal import AsyncHTTPClient
internal import ControllerPlaybooks
internal import CordonModel
internal import NIOCore
internal import NIOHTTP1

/// HTTP calls of playbooks. Only hosts that the administrator lists are called (`[http_calls] allow`), no redirect is
/// followed, and what they answer is cut to its bound: a playbook cannot reach where it likes (SSRF).
struct HTTPCalls: Sendable {
    /// `host` (any port) or `host:port`, lower case.
    private let allowed: Set<String>
    private static let mostKept = 64 * 1024

    init(allowed: [String]) { self.allowed = Set(allowed.map { $0.lowercased() }) }

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
        do {
            let response = try await Self.client.execute(request, timeout: .seconds(Int64(call.timeoutSeconds)))
            var body: [UInt8] = []
            for try await part in response.body {
                body += part.readableBytesView.prefix(Self.mostKept - body.count)
                if body.count >= Self.mostKept { break }
            }
            return HTTPReply(status: Int(response.status.code), body: body)
        } catch {
            throw ControllerError("http.failed", "\(PlainName.shown(authority.host)) could not be called: \(error).")
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
