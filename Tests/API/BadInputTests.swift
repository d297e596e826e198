import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import CordonModel
import CordonScan
import HTTPTypes
import Logging
import Testing

/// What the API does with what it should not be sent.
@Suite("Bad input")
struct BadInputTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        var body: String?
        var headers: [String: String] = ["Content-Type": "application/json"]
        let status: Int
        let code: String
        /// The place that the first fault names.
        var pointer: String?

        var testDescription: String { "\(method) \(path) \(body?.prefix(60) ?? "")" }

        static func order(_ body: String, _ pointer: String) -> Wrong {
            Wrong(method: .post, path: "orders", body: body, status: 400, code: "request.invalid", pointer: pointer)
        }
    }

    static let host = "\(WebFixture.web1.id)"

    static let bodies: [Wrong] = [
        .order(#"{"host":"\#(host)","action":{"kind":"isolate","duration_s":60}}"#, "/reason"),
        .order(#"{"host":"\#(host)","action":{"kind":"isolate","duration_s":60},"reason":""}"#, "/reason"),
        .order(#"{"host":"web-1","action":{"kind":"release"},"reason":"x"}"#, "/host"),
        .order(#"{"host":"\#(host)","action":{"kind":"shell","command":"rm -rf /"},"reason":"x"}"#, "/action/kind"),
        .order(#"{"host":"\#(host)","action":{"kind":"release","force":true},"reason":"x"}"#, "/action/force"),
        .order(#"{"host":"\#(host)","action":{"kind":"isolate","duration_s":0},"reason":"x"}"#, "/action/duration_s"),
        .order(
            #"{"host":"\#(host)","action":{"kind":"isolate","duration_s":1e99},"reason":"x"}"#, "/action/duration_s"),
        .order(
            #"{"host":"\#(host)","action":{"kind":"isolate","duration_s":"60"},"reason":"x"}"#, "/action/duration_s"),
        .order(
            #"{"host":"\#(host)","action":{"kind":"block_address","network":"10.0.0.1/8","duration_s":60},"reason":"x"}"#,
            "/action/network"),
        .order(
            #"{"host":"\#(host)","action":{"kind":"block_address","network":"; nft flush","duration_s":60},"reason":"x"}"#,
            "/action/network"),
        .order(
            #"{"host":"\#(host)","action":{"kind":"kill_process","pid":1,"start_time":1,"executable":"/x","scope":"tree"},"reason":"x"}"#,
            "/action/pid"),
        .order(#"{"host":"\#(host)","action":{"kind":"release"},"reason":"x","approved":true}"#, "/approved"),
        .order(#"{"host":"\#(host)","action":{"kind":"release"},"reason":"nul\u0000"}"#, "/reason"),
        .order("[]", ""), .order("null", ""), .order(#""text""#, ""),
    ]

    static let texts: [Wrong] = [
        "", "{", "{}}", "{'a':1}", #"{"a":1,"a":2}"#, "\u{FEFF}{}", #"{"a":"\ud800"}"#, "NaN",
        String(repeating: "[", count: 5000),
    ]
    .map { Wrong(method: .post, path: "orders", body: $0, status: 400, code: "request.not_json") }

    static let requests: [Wrong] = [
        Wrong(method: .get, path: "nothing", status: 404, code: "request.no_such_route"),
        Wrong(method: .get, path: "/api", status: 404, code: "request.no_such_route"),
        Wrong(method: .get, path: "/api/v2/hosts", status: 404, code: "request.no_such_route"),
        Wrong(method: .get, path: "hosts/../users", status: 404, code: "request.no_such_route"),
        Wrong(method: .delete, path: "hosts", status: 405, code: "request.method"),
        Wrong(method: .patch, path: "cases/C-1", status: 405, code: "request.method"),
        Wrong(method: .get, path: "hosts/web-1", status: 400, code: "request.invalid", pointer: "{id}"),
        Wrong(method: .get, path: "hosts/%00", status: 400, code: "request.invalid", pointer: "{id}"),
        Wrong(method: .get, path: "hosts/019f0000-0000-7000-8000-000000000099", status: 404, code: "host.unknown"),
        Wrong(method: .get, path: "orders/019f0000-0000-7000-8000-000000000099", status: 404, code: "order.unknown"),
        Wrong(method: .get, path: "alerts/019f0000-0000-7000-8000-000000000099", status: 404, code: "alert.not_found"),
        Wrong(method: .get, path: "runs/019f0000-0000-7000-8000-000000000099", status: 404, code: "run.not_found"),
        Wrong(method: .get, path: "tasks/019f0000-0000-7000-8000-000000000099", status: 404, code: "task.not_found"),
        Wrong(method: .get, path: "cases/C-999", status: 404, code: "case.not_found"),
        Wrong(method: .get, path: "cases/%3Cscript%3E", status: 404, code: "case.not_found"),
        Wrong(method: .get, path: "cases/1%20OR%201=1", status: 404, code: "case.not_found"),
        Wrong(method: .get, path: "playbooks/..%2F..%2Fetc%2Fpasswd", status: 404, code: "playbook.not_found"),
        Wrong(method: .get, path: "hosts?limit=0", status: 400, code: "request.invalid", pointer: "?limit"),
        Wrong(method: .get, path: "hosts?limit=201", status: 400, code: "request.invalid", pointer: "?limit"),
        Wrong(method: .get, path: "hosts?limit=x", status: 400, code: "request.invalid", pointer: "?limit"),
        Wrong(method: .get, path: "hosts?limit=1&limit=2", status: 400, code: "request.invalid", pointer: "?limit"),
        Wrong(method: .get, path: "hosts?cursor=x", status: 400, code: "request.invalid", pointer: "?cursor"),
        Wrong(method: .get, path: "cases?cursor=-1", status: 400, code: "request.invalid", pointer: "?cursor"),
        Wrong(method: .get, path: "alerts?cursor=yesterday", status: 400, code: "request.invalid", pointer: "?cursor"),
        Wrong(method: .get, path: "hosts?nmae=web-1", status: 400, code: "request.invalid", pointer: "?nmae"),
        Wrong(method: .get, path: "hosts?state=sleeping", status: 400, code: "request.invalid", pointer: "?state"),
        Wrong(method: .post, path: "orders", body: "{}", headers: [:], status: 415, code: "request.media_type"),
        Wrong(
            method: .post, path: "orders", body: "a=1", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            status: 415, code: "request.media_type"),
        Wrong(
            method: .post, path: "orders", body: #"{"a":""# + String(repeating: "x", count: 1 << 20), status: 413,
            code: "request.too_large"),
        Wrong(method: .delete, path: "session", body: "{}", status: 400, code: "request.unexpected_body"),
        Wrong(
            method: .post, path: "orders", body: #"{"host":"\#(host)","action":{"kind":"release"},"reason":"x"}"#,
            headers: ["Content-Type": "application/json", "Idempotency-Key": "same"], status: 400,
            code: "request.invalid",
            pointer: "Idempotency-Key"
        ),
        Wrong(
            method: .post, path: "orders", body: #"{"host":"\#(host)","action":{"kind":"release"},"reason":"x"}"#,
            headers: ["Content-Type": "application/json", "Idempotency-Key": "018f0000-0000-7000-8000-000000000099"],
            status: 400,
            code: "request.invalid", pointer: "Idempotency-Key"
        ),
        Wrong(
            method: .post, path: "orders",
            body: #"{"host":"019f0000-0000-7000-8000-000000000099","action":{"kind":"release"},"reason":"x"}"#,
            status: 404, code: "host.unknown"
        ),
        Wrong(
            method: .put, path: "cases/C-1/status", body: #"{"status":"done"}"#, status: 400, code: "request.invalid",
            pointer: "/status"),
        Wrong(method: .post, path: "cases/C-1/notes", body: #"{"text":"   "}"#, status: 422, code: "case.empty"),
        Wrong(
            method: .post, path: "users", body: #"{"name":"Root!","role":"administrator"}"#, status: 422,
            code: "access.malformed_name"),
        Wrong(
            method: .post, path: "users", body: #"{"name":"viewer","role":"viewer"}"#, status: 409,
            code: "access.name_taken"),
        Wrong(method: .delete, path: "users/administrator", status: 409, code: "access.last_administrator"),
        Wrong(method: .delete, path: "users/nobody", status: 404, code: "access.unknown_user"),
        Wrong(method: .post, path: "runs", body: #"{"playbook":"none such"}"#, status: 404, code: "playbook.unknown"),
        Wrong(method: .put, path: "playbooks/playbook--1", body: "{}", status: 422, code: "playbook.invalid"),
    ]

    @Test("gets one clear problem that says where", arguments: bodies + texts + requests)
    func refused(wrong: Wrong) async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .administrator) { caller in
            let answer = try await caller.ask(
                wrong.method, wrong.path, wrong.body.map { Array($0.utf8) }, wrong.headers)
            #expect(answer.status.code == wrong.status, "\(answer.text)")
            #expect(answer.code == wrong.code, "\(answer.text)")
            #expect(answer.json["detail"]?.text?.isEmpty == false)
            if let pointer = wrong.pointer {
                #expect(answer.json["faults"]?[0]?["pointer"]?.text == pointer, "\(answer.text)")
            }
        }
    }

    @Test("an address that is there says which methods it has")
    func allowed() async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .administrator) { caller in
            let (hosts, orders) = (
                try await caller.ask(.put, "hosts", nil), try await caller.ask(.delete, "orders", nil)
            )
            #expect(hosts.headers[.allow] == "GET")
            #expect(orders.headers[.allow] == "GET, POST")
        }
    }

    @Test(
        "each code of a domain has its status",
        arguments: [
            ("case.transition", 409), ("case.task_finished", 409), ("order.stale", 409), ("task.closed", 409),
            ("run.over", 409),
            ("task.role", 403), ("task.assignee", 403), ("run.input_missing", 422), ("variable.unknown", 422),
            ("store.full", 503),
            ("folder.read_only", 503), ("access.busy", 429),
        ])
    func statuses(code: String, status: Int) {
        struct Failure: ActionableError {
            let code: String
            let message = "What is wrong."
            let remedy = "What to do."
        }
        let problem = ProblemMap.problem(
            for: Failure(code: code), logger: .init(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        #expect(problem.status.code == status)
        #expect(problem.code == code)
    }

    @Test("a fault inside is told without its details")
    func inside() async throws {
        struct Secret: Error {}
        let problem = ProblemMap.problem(
            for: Secret(), logger: .init(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        #expect(problem.status == .internalServerError)
        #expect(problem.json["detail"]?.text == "The controller could not do this.")
        #expect(!problem.json.json().contains("Secret"))
    }

    @Test("a controller that is not ready says why, and lives on")
    func readiness() async throws {
        let fixture = try await APIFixture(readiness: { "The disk is full." })
        try await fixture.test { caller in
            let answer = try await caller.get("/health/ready")
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.json["detail"]?.text == "The disk is full.")
            #expect(try await caller.get("/health/live").status == .ok)
        }
    }
}
