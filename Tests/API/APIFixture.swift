import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import ControllerStore
import CordonModel
import CordonScan
import CordonTrust
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Synchronization
import Testing

/// The API over real domains and a real database, with the audit chain, a user of each role, a host, an alert in a case,
/// and a playbook that asks for an approval.
final class APIFixture: Sendable {
    let web: WebFixture
    let services: APIServices
    let file: Case
    let task: ManualTask

    static let root = API.root

    init(
        isSecure: Bool = false, authorityPEM: String = "-----BEGIN CERTIFICATE-----\n",
        containment: [AgentID: ContainmentState] = [:], readiness: @escaping @Sendable () async -> String? = { nil }
    ) async throws {
        web = try await WebFixture(containment: containment)
        file = try await web.raise("SSH sign-in after guessing from 203.0.113.7")
        task = try await web.ask("Isolate web-1?", in: file)
        let base = web.services
        services = APIServices(
            access: base.access, fleet: base.fleet, intake: base.intake, cases: base.cases, library: base.library,
            engine: base.engine, runs: base.runs, rules: base.rules, audit: try Chain.sample(), changes: base.changes,
            surroundings: base.surroundings, agentAddress: base.agentAddress, isSecure: isSecure,
            authorityPEM: authorityPEM, readiness: readiness
        )
    }

    var application: Application<RouterResponder<RequestScope>> {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return Application(
            router: API.router(services), configuration: .init(address: .hostname("127.0.0.1", port: 0)), logger: logger
        )
    }

    /// A session's token of the user of that role.
    func token(_ role: Role) async throws -> String {
        let source = IPAddress.v4(UInt32.random(in: 0x0A00_0000...0x0AFF_FFFF))
        return try await services.access.signIn(role.rawValue, password: WebFixture.password, from: source).token
    }

    /// Runs the body with a caller that speaks to the routes directly.
    func test(_ body: @escaping @Sendable (Caller) async throws -> Void) async throws {
        try await application.test(.router) { client in try await body(Caller(client: client, token: nil)) }
    }

    /// The same as the user of that role.
    func test(as role: Role, _ body: @escaping @Sendable (Caller) async throws -> Void) async throws {
        let token = try await token(role)
        try await application.test(.router) { client in try await body(Caller(client: client, token: token)) }
    }
}

/// Asks the API, and checks of every answer what holds for all of them.
struct Caller {
    let client: any TestClientProtocol
    let token: String?

    struct Answer {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let bytes: [UInt8]

        var json: JSONValue { (try? JSONValue.parse(bytes)) ?? .null }
        var text: String { String(decoding: bytes, as: UTF8.self) }
        var code: String? { json["code"]?.text }
        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Answer {
        try await ask(.get, path, nil, headers)
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue?, _ headers: [String: String] = [:])
        async throws -> Answer
    {
        var headers = headers
        if body != nil, headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        return try await ask(method, path, body?.bytes(), headers)
    }

    /// A sample's call.
    func send(_ route: Route, _ sample: Sample?) async throws -> Answer {
        let path = sample?.path(of: route) ?? route.path
        guard let bytes = sample?.bytes else { return try await send(route.method, path, sample?.body) }
        return try await ask(route.method, path, bytes, ["Content-Type": "application/octet-stream"])
    }

    func ask(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?, _ headers: [String: String] = [:])
        async throws -> Answer
    {
        var fields = HTTPFields()
        if let token { fields[.authorization] = "Bearer \(token)" }
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        let response = try await client.execute(
            uri: path.hasPrefix("/") ? path : "\(API.root)/\(path)", method: method, headers: fields,
            body: body.map { ByteBuffer(bytes: $0) }
        )
        let answer = Answer(
            status: response.status, headers: response.headers, bytes: Array(response.body.readableBytesView))
        expectCareful(answer, "\(method) \(path)")
        return answer
    }

    /// Security headers on every answer; problem details on every error.
    private func expectCareful(_ answer: Answer, _ what: String) {
        #expect(answer.header("X-Content-Type-Options") == "nosniff", "\(what)")
        #expect(answer.header("Content-Security-Policy")?.contains("default-src 'none'") == true, "\(what)")
        #expect(answer.header("Cache-Control") == "no-store", "\(what)")
        guard answer.status.code >= 400 else { return }
        #expect(answer.headers[.contentType] == "application/problem+json", "\(what)")
        #expect(OpenAPI.problem.faults(in: answer.json).isEmpty, "\(what): \(answer.text)")
        #expect(answer.json["status"]?.integer == Int64(answer.status.code), "\(what)")
        #expect(answer.json["type"]?.text == "urn:cordon:problem:\(answer.code ?? "")", "\(what)")
    }
}

/// A chain in memory, made and checked by the real arithmetic.
struct Chain: AuditReading {
    let auditKey: VerifyingKey
    let kept: [AuditRecord]
    let signed: [AuditCheckpoint]
    let added = Added()

    /// What routes add to the chain.
    final class Added: Sendable {
        let entries = Mutex<[AuditEntry]>([])
    }

    func record(_ entry: AuditEntry) async throws { added.entries.withLock { $0.append(entry) } }

    static func sample() throws -> Chain {
        let key = SigningKey()
        var head = AuditHead.start
        var records: [AuditRecord] = []
        for number in 1...7 {
            let entry = AuditEntry(
                at: WebFixture.start + .seconds(number), actor: "ada", verb: "case.note", subject: "case:1",
                details: ["text": "n\u{1B}[31m\(number)\u{202E}"]
            )
            let record = AuditChain.record(entry, after: head)
            head = AuditHead(index: record.index, hash: record.hash)
            records.append(record)
        }
        return Chain(
            auditKey: key.verifyingKey, kept: records, signed: [try AuditChain.checkpoint(at: head, with: key)])
    }

    func newest(before number: Int64?, subject: String?, limit: Int) async throws -> [AuditRecord] {
        Array(
            kept.reversed().filter { $0.index < number ?? .max && (subject ?? $0.entry.subject) == $0.entry.subject }
                .prefix(limit))
    }

    func verify() async throws -> AuditFinding {
        let fault = AuditChain.firstFault(in: kept, checkpoints: signed, key: auditKey)
        let head = AuditHead(index: Int64(kept.count), hash: kept.last?.hash ?? [])
        return AuditFinding(
            records: Int64(kept.count), checkpoints: signed.count, head: head,
            fault: fault.map { .init(index: $0.index, kind: $0.kind.rawValue, message: $0.description) }
        )
    }

    func records(after number: Int64, limit: Int) async throws -> [AuditRecord] {
        Array(kept.filter { $0.index > number }.prefix(limit))
    }
    func checkpoints() async throws -> [AuditCheckpoint] { signed }
}
