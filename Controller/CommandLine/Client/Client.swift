internal import AsyncHTTPClient
internal import CordonScan
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Talks to one controller.
struct Client: Sendable {
    let settings: Settings
    private let http: HTTPClient

    /// Bytes of path and query, encoded; the controller's server refuses more without a word.
    private static let longestTarget = 32 << 10

    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// Runs the body with a client for the stored session, and closes it.
    static func use<Value>(_ settings: Settings? = nil, _ body: (Client) async throws -> Value) async throws -> Value {
        let settings = try settings ?? Settings.current()
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try Trust.configuration(settings))
        let result: Result<Value, any Error>
        do { result = .success(try await body(Client(settings: settings, http: http))) } catch {
            result = .failure(error)
        }
        try? await http.shutdown()
        return try result.get()
    }

    /// A GET that answers JSON.
    func get(_ path: String, _ query: [(String, String?)] = []) async throws -> JSONValue {
        try await json(try request(.get, path, query))
    }

    /// All items of a list, page by page, at most so many.
    func list(
        _ path: String, _ query: [(String, String?)] = [], most: Int, first: (JSONValue) -> Void = { _ in }
    ) async throws -> [JSONValue] {
        guard most > 0 else { throw Complaint(.usage, "--limit is 1 or more.") }
        var items: [JSONValue] = []
        var cursor: String?
        repeat {
            let size = "\(min(200, most - items.count))"
            let page = try await get(path, query + [("limit", size), ("cursor", cursor)])
            if items.isEmpty, cursor == nil { first(page) }
            items += page["items"]?.array ?? []
            cursor = page["next"]?.text
        } while cursor != nil && items.count < most
        return items
    }

    /// A list that comes in one page.
    func whole(_ path: String, _ query: [(String, String?)] = []) async throws -> [JSONValue] {
        try await get(path, query)["items"]?.array ?? []
    }

    /// A request that changes something; null where nothing is answered.
    func send(_ method: Method, _ path: String, _ body: JSONValue? = nil, headers: [(String, String)] = []) async throws
        -> JSONValue
    {
        var request = try request(method, path, [])
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.bytes()))
        }
        return try await json(request)
    }

    /// A POST of bytes as they are.
    func send(bytes: [UInt8], to path: String, _ query: [(String, String?)]) async throws -> JSONValue {
        var request = try request(.post, path, query)
        request.headers.add(name: "Content-Type", value: "application/octet-stream")
        request.body = .bytes(ByteBuffer(bytes: bytes))
        return try await json(request)
    }

    /// A GET that answers bytes, handed on as they come.
    func stream(
        _ path: String, _ query: [(String, String?)] = [], headers: [(String, String)] = [],
        _ take: ([UInt8]) async throws -> Void
    ) async throws {
        var request = try request(.get, path, query)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await execute(request, deadline: .hours(24 * 365))
        guard response.status == .ok else { throw Self.complaint(response.status, try await collect(response)) }
        do {
            for try await part in response.body { try await take(Array(part.readableBytesView)) }
        } catch let error where !(error is Complaint) && !(error is CancellationError) {
            throw Trust.complaint(error, settings.url)
        }
    }

    private func request(
        _ method: Method, _ path: String, _ query: [(String, String?)]
    ) throws -> HTTPClientRequest {
        // It would be another address, whose answer speaks of what nobody asked for.
        guard !path.hasSuffix("/"), !path.contains("//") else {
            throw Complaint(.usage, "What is to be named is empty.", "Give an identifier or a name.")
        }
        let pairs = query.compactMap { name, value in value.map { "\(name)=\(Percent.encoded($0))" } }
        let target = path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
        guard target.utf8.count <= Self.longestTarget else {
            throw Complaint(.usage, "What was given is too long: \(target.utf8.count) bytes.", "Shorten it.")
        }
        var request = HTTPClientRequest(url: settings.url + target)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers.add(name: "Accept", value: "*/*")
        request.headers.add(name: "User-Agent", value: "cordon")
        if !settings.token.isEmpty { request.headers.add(name: "Authorization", value: "Bearer \(settings.token)") }
        return request
    }

    private func json(_ request: HTTPClientRequest) async throws -> JSONValue {
        let response = try await execute(request, deadline: .seconds(60))
        let bytes = try await collect(response)
        guard (200..<300).contains(response.status.code) else { throw Self.complaint(response.status, bytes) }
        guard !bytes.isEmpty else { return .null }
        do {
            return try JSONValue.parse(bytes, limits: JSONValue.Limits(bytes: 16 << 20, nodes: 2_000_000))
        } catch {
            throw Complaint(
                .failed, "\(settings.url) did not answer with JSON.",
                "Check that this is a Cordon controller's address.")
        }
    }

    private func execute(_ request: HTTPClientRequest, deadline: TimeAmount) async throws -> HTTPClientResponse {
        do {
            return try await http.execute(request, deadline: .now() + deadline)
        } catch {
            throw Trust.complaint(error, settings.url)
        }
    }

    private func collect(_ response: HTTPClientResponse) async throws -> [UInt8] {
        do {
            return Array(try await response.body.collect(upTo: 16 << 20).readableBytesView)
        } catch {
            throw Trust.complaint(error, settings.url)
        }
    }

    /// The complaint that a problem (RFC 9457) is.
    private static func complaint(_ status: HTTPResponseStatus, _ bytes: [UInt8]) -> Complaint {
        let problem = try? JSONValue.parse(bytes)
        let isUnfit = problem?["code"]?.text == "request.invalid"
        let all = problem?["faults"]?.array ?? []
        var detail = problem?["detail"]?.text ?? "The controller answered \(status.code) \(status.reasonPhrase)."
        if isUnfit, let first = all.first { detail = "That does not fit: \(words(first))" }
        let faults = all.dropFirst().prefix(9)
            .map { "\n  " + (isUnfit ? words($0) : "\($0["pointer"]?.text ?? ""): \($0["message"]?.text ?? "")") }
            .joined()
        let exit: Exit =
            switch status.code {
            case 401: problem?["code"]?.text == "access.sign_in_refused" ? .failed : .notSignedIn
            case 404: problem?["code"]?.text == "request.no_such_route" ? .failed : .notFound
            default: .failed
            }
        return Complaint(exit, detail + faults, problem?["remedy"]?.text ?? "")
    }

    /// A fault of a request in the words that were typed, not in those of the API.
    private static func words(_ fault: JSONValue) -> String {
        let parts = (fault["pointer"]?.text ?? "").split { "?/{}".contains($0) }
        let names = parts.map { part in typedNames[String(part)] ?? String(part.replacing("_", with: "-")) }
        let subject = names.isEmpty ? "it" : names.joined(separator: " ")
        return "\(subject) \(fault["message"]?.text ?? "is not valid.")"
    }

    /// Names of the API that verbs call otherwise.
    private static let typedNames = [
        "id": "the identifier", "cpu_percent": "cpu", "time_s": "time", "expires_in_s": "expires", "query": "the query",
    ]
}

/// Percent-encoding of RFC 3986 §2.1, for one component.
enum Percent {
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return encoded
    }
}
