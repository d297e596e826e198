import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import CordonModel
import CordonScan
import HTTPTypes
import Testing

/// What people do over the API, and what it leaves behind.
@Suite("Working over HTTP")
struct WorkRouteTests {
    @Test("the same key is the same order; another order under it is refused")
    func idempotency() async throws {
        let fixture = try await APIFixture()
        let key = "\(fixture.services.surroundings.identifier(of: OrderID.self))"
        try await fixture.test(as: .responder) { caller in
            func submit(_ seconds: Int64) async throws -> Caller.Answer {
                let body: JSONValue = [
                    "host": .text("\(WebFixture.web1.id)"),
                    "action": ["kind": "isolate", "duration_s": .integer(seconds)], "reason": "cut",
                ]
                return try await caller.send(.post, "orders", body, ["Idempotency-Key": "\"\(key)\""])
            }
            let first = try await submit(600)
            #expect(first.status == .created)
            #expect(first.json["id"]?.text == key)
            #expect(first.json["requested_by"]?.text == "responder")
            #expect(try await submit(600).json["id"]?.text == key)
            #expect(try await submit(601).status == .conflict)
            #expect(try await caller.get("orders").json["items"]?.array?.count == 1)
        }
    }

    @Test(
        "every action comes back as it was given",
        arguments: [
            ["kind": "isolate", "duration_s": 600], ["kind": "release"],
            ["kind": "block_address", "network": "2001:db8::/32", "duration_s": 60],
            ["kind": "unblock_address", "network": "203.0.113.7"],
            [
                "kind": "kill_process", "pid": 4242, "start_time": 813_377, "executable": "/tmp/ü \u{1B}[31m",
                "scope": "tree",
            ],
        ] as [JSONValue])
    func actions(action: JSONValue) async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .responder) { caller in
            let body: JSONValue = ["host": .text("\(WebFixture.web1.id)"), "action": action, "reason": "x"]
            let id = try #require(try await caller.send(.post, "orders", body).json["id"]?.text)
            #expect(try await caller.get("orders/\(id)").json["action"] == action)
        }
    }

    @Test("a case and its tasks are given to users only; for any other name it is said who there is")
    func assignees() async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .analyst) { caller in
            let given = try await caller.send(.put, "cases/C-1/assignee", ["assignee": "Responder"])
            #expect(given.status == .ok && given.json["assignee"]?.text == "responder", "\(given.text)")
            for name in ["respnder", "responder ", "mallory\u{202E}", "*"] {
                let refused = try await caller.send(.put, "cases/C-1/assignee", ["assignee": .text(name)])
                #expect(
                    refused.status == .unprocessableContent && refused.code == "case.no_such_person", "\(refused.text)")
                #expect(refused.json["remedy"]?.text?.contains("administrator, analyst, responder") == true)
                let task = try await caller.send(.post, "cases/C-1/tasks", ["title": "Call", "assignee": .text(name)])
                #expect(task.code == "case.no_such_person")
            }
            let file = try await caller.get("cases/C-1").json
            #expect(file["assignee"]?.text == "responder" && file["tasks"]?.array == [], "nothing was changed")
            let nobody = try await caller.send(.put, "cases/C-1/assignee", ["assignee": .null])
            #expect(nobody.status == .ok && nobody.json["assignee"] == .null)
        }
    }

    @Test("pages follow each other without gap or repetition, and the last one says so")
    func pages() async throws {
        let fixture = try await APIFixture()
        for number in 0..<7 {
            _ = try await fixture.services.cases.open(
                title: "Case \(number)", severity: .low, by: Principal(name: "a", role: .analyst))
        }
        for _ in 0..<7 { _ = try await fixture.order() }
        for _ in 0..<7 { _ = try await fixture.web.raise("Alert \(UInt32.random(in: 0 ... .max))") }
        try await fixture.test(as: .administrator) { caller in
            for (path, count) in [("cases", 8), ("orders", 7), ("hosts", 2), ("audit", 7), ("cases/C-1/timeline", 0)] {
                var seen: [JSONValue] = []
                var cursor: String?
                repeat {
                    let page = try await caller.get("\(path)?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""))
                    let items = try #require(page.json["items"]?.array, "\(path): \(page.text)")
                    #expect(items.count <= 3)
                    seen += items
                    cursor = page.json["next"]?.text
                    if cursor != nil { #expect(items.count == 3) }
                } while cursor != nil
                #expect(Set(seen).count == seen.count, "\(path)")
                if count > 0 { #expect(seen.count == count, "\(path)") } else { #expect(seen.count > 3) }
            }
        }
    }

    @Test("hosts are found by name in any letter case, and by state")
    func hosts() async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .viewer) { caller in
            let named = try await caller.get("hosts?name=WEB-1")
            #expect(named.json["items"]?.array?.count == 1)
            #expect(try await caller.get("hosts?name=nobody").json["items"]?.array?.isEmpty == true)
            #expect(try await caller.get("hosts?state=offline").json["items"]?.array?.count == 2)
            #expect(try await caller.get("hosts?state=revoked").json["items"]?.array?.isEmpty == true)
        }
    }

    @Test("an approval is given once, by somebody with the role, and says who and why")
    func approval() async throws {
        let fixture = try await APIFixture()
        let path = "tasks/\(fixture.task.id)/decision"
        let yes: JSONValue = ["decision": "approve", "reason": "confirmed with the owner"]
        try await fixture.test(as: .analyst) { caller in
            let answer = try await caller.send(.post, path, yes)
            #expect(answer.status == .forbidden, "the task asks for a responder: \(answer.text)")
        }
        try await fixture.test(as: .responder) { caller in
            #expect(try await caller.get("tasks").json["items"]?.array?.count == 1)
            let answer = try await caller.send(.post, path, yes)
            #expect(answer.json["state"]?.text == "approved", "\(answer.text)")
            #expect(answer.json["decided_by"]?.text == "responder")
            #expect(try await caller.send(.post, path, yes).status == .conflict)
            #expect(try await caller.get("tasks").json["items"]?.array?.isEmpty == true)
        }
    }

    @Test("a run that is asked for twice with one identifier is one run, and another cannot take its place")
    func runOnce() async throws {
        let fixture = try await APIFixture()
        let id = "0190a000-0000-7000-8000-00000000abcd"
        try await fixture.test(as: .responder) { caller in
            var body: JSONValue = [
                "id": .text(id), "playbook": .text(fixture.task.playbookName), "case": .text(fixture.file.label),
                "inputs": ["__question__": "Once?"],
            ]
            let before = try await fixture.services.cases.timeline(of: fixture.file.id).count
            let first = try await caller.send(.post, "runs", body)
            #expect(first.status == .created && first.json["id"]?.text == id, "\(first.text)")
            let after = try await fixture.services.cases.timeline(of: fixture.file.id).count
            #expect(after > before)
            let second = try await caller.send(.post, "runs", body)
            #expect(second.status == .created && second.json["id"]?.text == id, "\(second.text)")
            #expect(try await fixture.services.cases.timeline(of: fixture.file.id).count == after)
            let runs = try await fixture.services.runs.runs(RunFilter(caseID: fixture.file.id))
            #expect(runs.count == 2, "the fixture's, and this one once")
            var members = body.object ?? JSONObject()
            members["case"] = nil
            body = .object(members)
            let other = try await caller.send(.post, "runs", body)
            #expect(other.status == .conflict && other.code == "run.conflict", "\(other.text)")
        }
    }

    @Test("a case's report is Markdown in which hostile text is only text")
    func report() async throws {
        let fixture = try await APIFixture()
        let file = try await fixture.web.raise("<script>alert(1)</script> [x](javascript:y)")
        try await fixture.test(as: .viewer) { caller in
            let report = try await caller.get("cases/\(file.label)/report.md")
            #expect(report.text.hasPrefix("# \(file.label):"))
            #expect(!report.text.contains("<script>"))
        }
    }

    @Test("a case refuses a status that cannot follow, and takes one that can")
    func status() async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .analyst) { caller in
            let closed = try await caller.send(.put, "cases/1/status", ["status": "closed"])
            #expect(closed.json["status"]?.text == "closed")
            let answer = try await caller.send(.put, "cases/C-1/status", ["status": "contained"])
            #expect(answer.status == .conflict, "\(answer.text)")
        }
    }

    @Test("the audit export's lines can be checked elsewhere")
    func export() async throws {
        let fixture = try await APIFixture()
        try await fixture.test(as: .administrator) { caller in
            let lines = try await caller.get("audit/export").text.split(separator: "\n").map {
                try JSONValue.parse(String($0))
            }
            #expect(lines.count == 9)
            #expect(lines.first?["audit_key"]?.text?.utf8.count == 64)
            #expect(lines.dropFirst().prefix(7).map { $0["index"]?.integer } == [1, 2, 3, 4, 5, 6, 7])
            #expect(lines.last?["checkpoint"]?.integer == 7)
        }
    }
}
