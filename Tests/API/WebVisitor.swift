import ControllerWeb
import HTTPTypes
import Hummingbird
import HummingbirdTesting

/// A browser without scripts: keeps cookies, fills in forms, follows one redirect at a time.
final class WebVisitor {
    private let client: any TestClientProtocol
    private(set) var cookies: [String: String] = [:]

    init(_ client: any TestClientProtocol) { self.client = client }

    struct Page {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let html: String

        var location: String? { headers[.location] }

        /// The value of the first hidden field of that name in the form with that action.
        func field(_ name: String, ofForm action: String) -> String? {
            guard let form = html.split(separator: "action=\"\(action)\"").dropFirst().first else { return nil }
            return form.split(separator: "name=\"\(name)\" value=\"").dropFirst().first.map {
                String($0.prefix { $0 != "\"" })
            }
        }

        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> Page {
        try await send(path, .get, headers: headers, body: nil)
    }

    func post(_ path: String, _ fields: [String: String], headers: HTTPFields = [:]) async throws -> Page {
        var headers = headers
        headers[.contentType] = "application/x-www-form-urlencoded"
        let body = fields.map { "\(Self.encoded($0))=\(Self.encoded($1))" }.joined(separator: "&")
        return try await send(path, .post, headers: headers, body: body)
    }

    /// Signs in as the fixture's user of that name.
    @discardableResult
    func signIn(_ name: String = "responder", password: String = WebFixture.password, next: String = "/") async throws
        -> Page
    {
        let form = try await get("/sign-in")
        let token = form.field("form_token", ofForm: "/sign-in") ?? ""
        return try await post("/sign-in", ["form_token": token, "name": name, "password": password, "next": next])
    }

    private func send(_ path: String, _ method: HTTPRequest.Method, headers: HTTPFields, body: String?) async throws
        -> Page
    {
        var headers = headers
        if !cookies.isEmpty { headers[.cookie] = cookies.map { "\($0)=\($1)" }.joined(separator: "; ") }
        let answer = try await client.execute(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        for cookie in answer.headers[values: .setCookie] {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            cookies[String(pair[0])] = cookie.contains("Max-Age=0") ? nil : String(pair[1])
        }
        return Page(status: answer.status, headers: answer.headers, html: String(buffer: answer.body))
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: String(UnicodeScalar(byte))
            default: "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
            }
        }.joined()
    }
}
