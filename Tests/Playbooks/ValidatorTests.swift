import CordonModel
import CordonScan
import Testing

@testable import ControllerPlaybooks

@Suite("Validation")
struct ValidatorTests {
    static let valid = Documents.oneAction([Documents.block])
    static let action = Documents.id("action", 2)

    @Test("a playbook without fault or deviation has no finding")
    func clean() {
        let report = PlaybookValidator.validate(Self.valid)
        #expect(report.faults.isEmpty && report.warnings.isEmpty)
    }

    @Test(
        "what the schema demands is a fault with its place",
        arguments: [
            (Documents.set(valid, "name", nil), "member.missing", ""),
            (Documents.set(valid, "name", 5), "member.kind", "/name"),
            (Documents.set(valid, "spec_version", "1.1"), "member.value", "/spec_version"),
            (Documents.set(valid, "id", "playbook--1"), "member.identifier", "/id"),
            (Documents.set(valid, "created", "yesterday"), "member.time", "/created"),
            (Documents.set(valid, "priority", 101), "member.value", "/priority"),
            (
                Documents.set(valid, "workflow_start", .text(Documents.id("start", 77))), "step.dangling",
                "/workflow_start"
            ),
            (Documents.step(valid, action, "commands", []), "member.count", "/workflow/\(action)/commands"),
            (Documents.step(valid, action, "agent", nil), "member.missing", "/workflow/\(action)"),
            (Documents.step(valid, action, "type", "dance"), "member.value", "/workflow/\(action)/type"),
            (Documents.step(valid, action, "timeout", "soon"), "member.value", "/workflow/\(action)/timeout"),
            (
                Documents.step(valid, action, "on_success", .text(Documents.id("end", 7))), "step.dangling",
                "/workflow/\(action)/on_success"
            ),
            (
                Documents.step(valid, Documents.end, "on_completion", .text(action)), "flow.end",
                "/workflow/\(Documents.end)"
            ),
            (
                Documents.step(valid, Documents.start, "on_failure", .text(action)), "flow.start",
                "/workflow/\(Documents.start)"
            ),
            (
                Documents.set(valid, "playbook_variables", ["__a__": ["type": "string", "value": 5]]), "member.kind",
                "/playbook_variables/__a__/value"
            ),
            (
                Documents.step(
                    valid, action, "step_extensions", [CordonExtension.id: ["manual": ["on_timeout": "shrug"]]]),
                "extension.cordon", "/workflow/\(action)/step_extensions/\(CordonExtension.id)/manual/on_timeout"
            ),
        ] as [(JSONValue, String, String)])
    func faults(document: JSONValue, code: String, pointer: String) {
        let report = PlaybookValidator.validate(document)
        #expect(report.faults.contains { $0.code == code && $0.pointer == pointer }, "\(report.faults)")
        #expect(!report.isValid)
    }

    @Test(
        "a deviation is a warning, and says whether it prevents a start",
        arguments: [
            (Documents.set(valid, "banana", 1), "member.unknown", false),
            (Documents.set(valid, "labels", []), "member.empty", false),
            (Documents.set(valid, "created", "2025-01-01T00:00:00Z"), "time.precision", false),
            (Documents.set(valid, "workflow_start", .text(action)), "flow.workflow_start", true),
            (
                Documents.set(valid, "workflow_exception", .text(Documents.id("end", 70))), "flow.workflow_exception",
                true
            ),
            (Documents.step(valid, action, "on_success", .text(action)), "flow.cycle", true),
            (Documents.step(valid, action, "agent", .text(Documents.id("ssh", 5))), "agent.undefined", true),
            (Documents.step(valid, action, "targets", [.text(Documents.id("ssh", 5))]), "target.undefined", true),
            (Documents.step(valid, action, "commands", [["type": "bash", "command": "id"]]), "engine.command", true),
            (
                Documents.step(valid, action, "commands", [["type": "manual", "command": "__x__:value"]]),
                "variable.undefined", true
            ),
            (Documents.step(valid, action, "commands", [["type": "openc2", "command": "{}"]]), "engine.openc2", true),
            (
                Documents.step(valid, action, "commands", [["type": "http-api", "command": "fetch it"]]),
                "http.start_line", true
            ),
            (Documents.step(valid, Documents.start, "on_completion", .text(Documents.end)), "step.unreachable", false),
        ] as [(JSONValue, String, Bool)])
    func warnings(document: JSONValue, code: String, prevents: Bool) {
        let report = PlaybookValidator.validate(document)
        #expect(report.isValid, "\(report.faults)")
        #expect(report.warnings.contains { $0.code == code && $0.preventsStart == prevents }, "\(report.warnings)")
    }

    @Test(
        "steps that this version does not run are valid and refused at the start",
        arguments: [
            ("while-condition", ["condition": "__x__:value", "on_true": .text(Documents.end)]),
            ("switch-condition", ["switch": "__x__:value", "cases": ["a": .text(Documents.end)]]),
            ("playbook-action", ["playbook_id": .text(Documents.id("playbook", 3))]),
        ] as [(String, JSONValue)])
    func unsupported(kind: String, members: JSONValue) {
        let step = Documents.id(kind, 3)
        var json: JSONValue = ["type": .text(kind), "name": "Loop", "on_completion": .text(Documents.id("end", 10))]
        for (name, value) in members.object ?? JSONObject() { json = Documents.set(json, name, value) }
        let document = Documents.playbook(
            [
                Documents.start: ["type": "start", "on_completion": .text(step)], step: json,
                Documents.end: ["type": "end"],
                Documents.id("end", 10): ["type": "end"],
            ], variables: ["__x__": ["type": "bool", "value": "true"]])
        let report = PlaybookValidator.validate(document)
        #expect(report.isValid, "\(report.faults)")
        #expect(report.obstacles.contains { $0.code == "engine.step" && $0.message.contains(step) })
    }

    @Test("a report is one line of JSON with a pointer and a sentence for each finding")
    func json() throws {
        let report = PlaybookValidator.validate(Documents.set(Self.valid, "name", nil))
        let json = try JSONValue.parse(report.jsonLine)
        #expect(json["valid"] == false && json["warnings"] == [] && json["faults"]?.array?.count == 1)
        let fault = json["faults"]?[0]
        #expect(fault?["pointer"] == "" && fault?["message"] == "The playbook has no “name”.")
    }

    @Test(
        "bytes that are no playbook are one fault",
        arguments: ["", "[]", "{", "{\"a\":1,\"a\":2}", "null", String(repeating: "[", count: 100), "\u{FEFF}{}"])
    func unreadable(text: String) {
        let report = PlaybookValidator.validate(Array(text.utf8))
        #expect(report.playbook == nil && report.faults.count == 1)
    }

    @Test("a chain of five thousand steps is checked, one more is too many")
    func long() {
        func chain(_ count: Int) -> JSONValue {
            var workflow: JSONValue = [
                Documents.start: ["type": "start", "on_completion": .text(Documents.id("action", 2))]
            ]
            var object = workflow.object ?? JSONObject()
            for number in 2..<count {
                let next = number == count - 1 ? Documents.end : Documents.id("action", number + 1)
                object[Documents.id("action", number)] = Documents.action([Documents.block], success: next)
            }
            object[Documents.end] = ["type": "end"]
            workflow = .object(object)
            return Documents.playbook(workflow)
        }
        #expect(PlaybookValidator.validate(chain(5000)).faults.isEmpty)
        #expect(PlaybookValidator.validate(chain(5001)).faults.contains { $0.code == "limit.steps" })
    }

    @Test(
        "every schema-valid playbook in circulation is valid, and written again it is the same",
        .enabled(if: Vectors.isThere, "the corpora are not beside the checkout"), arguments: Vectors.files("cacao/v2"))
    func corpus(path: String) throws {
        let bytes = try Vectors.bytes(path)
        let report = PlaybookValidator.validate(bytes)
        #expect(report.isValid, "\(path): \(report.faults)")
        let written = try #require(report.playbook).bytes
        #expect(try JSONValue.parse(written) == JSONValue.parse(bytes))
    }

    @Test(
        "playbooks that the schemas refuse get a finding each, and other versions a fault",
        .enabled(if: Vectors.isThere, "the corpora are not beside the checkout"),
        arguments: Vectors.files("cacao/v2-nonconforming") + Vectors.files("cacao/v1"))
    func nonconforming(path: String) throws {
        let report = PlaybookValidator.validate(try Vectors.bytes(path))
        let name = path.split(separator: "/").suffix(2).joined(separator: "/")
        let codes = Set((report.faults + report.warnings).map(\.code)).sorted().joined(separator: " ")
        print("\(report.faults.count) faults, \(report.warnings.count) warnings: \(name): \(codes)")
        #expect(!report.faults.isEmpty || !report.warnings.isEmpty)
        if path.contains("/v1/") { #expect(!report.isValid) }
    }
}
