import CordonModel
import CordonScan
import FoundationEssentials

@testable import ControllerPlaybooks

/// Small playbooks made for tests.
enum Documents {
    static func id(_ type: String, _ number: Int) -> String {
        let digits = String(number)
        return "\(type)--00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static let agent = id("organization", 900)
    static let host = id("linux", 901)
    static let secondHost = id("linux", 902)
    static let server = id("http-api", 903)

    /// A valid playbook around a workflow; the start step must be `start` 1.
    static func playbook(
        _ workflow: JSONValue, variables: JSONValue = [:], exception: String? = nil
    ) -> JSONValue {
        var document: JSONValue = [
            "type": "playbook", "spec_version": "cacao-2.0", "id": .text(id("playbook", 999)), "name": "Test",
            "created_by": .text(id("identity", 998)), "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z", "workflow_start": .text(id("start", 1)), "workflow": workflow,
            "playbook_variables": variables, "agent_definitions": [agent: ["type": "organization", "name": "Cordon"]],
            "target_definitions": [
                host: ["type": "linux", "name": "web01", "address": ["dname": ["web01.example"]]],
                secondHost: ["type": "linux", "name": "web02", "address": ["dname": ["web02.example"]]],
                server: ["type": "http-api", "name": "tickets", "address": ["url": ["https://tickets.example"]]],
            ],
            "extension_definitions": [CordonExtension.id: CordonExtension.definition],
        ]
        if let exception { document = set(document, "workflow_exception", .text(exception)) }
        return document
    }

    /// The document with a member replaced, or removed by `nil`.
    static func set(_ document: JSONValue, _ name: String, _ value: JSONValue?) -> JSONValue {
        var object = document.object ?? JSONObject()
        object[name] = value
        return .object(object)
    }

    /// The document with one step changed.
    static func step(_ document: JSONValue, _ step: String, _ name: String, _ value: JSONValue?) -> JSONValue {
        let workflow = document["workflow"] ?? [:]
        return set(document, "workflow", set(workflow, step, set(workflow[step] ?? [:], name, value)))
    }

    static let start = id("start", 1)
    static let end = id("end", 9)

    static func base64(_ json: JSONValue) -> JSONValue { .text(Data(json.bytes()).base64EncodedString()) }

    static func openC2(_ command: JSONValue) -> JSONValue { ["type": "openc2", "command_b64": base64(command)] }

    static let block: JSONValue = openC2([
        "action": "deny", "target": ["ipv4_net": "203.0.113.7"], "args": ["duration": 60_000],
    ])

    static let unblock: JSONValue = openC2(["action": "allow", "target": ["ipv4_net": "203.0.113.7"]])

    static func action(
        _ commands: [JSONValue], targets: [String] = [host], success: String = end, failure: String? = nil,
        extra: JSONValue = [:]
    ) -> JSONValue {
        var step: JSONValue = [
            "type": "action", "name": "Act", "agent": .text(agent), "targets": .array(targets.map { .text($0) }),
            "commands": .array(commands), "on_success": .text(success),
        ]
        if let failure { step = set(step, "on_failure", .text(failure)) }
        for (name, value) in extra.object ?? JSONObject() { step = set(step, name, value) }
        return step
    }

    static func manual(_ settings: JSONValue = ["kind": "approval"], text: String = "Go on?") -> (JSONValue, JSONValue)
    {
        (["type": "manual", "command": .text(text)], ["step_extensions": [CordonExtension.id: ["manual": settings]]])
    }

    /// start 1 → action 2 → end 9, failure → end 8.
    static func oneAction(
        _ commands: [JSONValue], targets: [String] = [host], extra: JSONValue = [:], variables: JSONValue = [:]
    )
        -> JSONValue
    {
        playbook(
            [
                start: ["type": "start", "on_completion": .text(id("action", 2))],
                id("action", 2): action(commands, targets: targets, failure: id("end", 8), extra: extra),
                end: ["type": "end"], id("end", 8): ["type": "end"],
            ], variables: variables)
    }
}
