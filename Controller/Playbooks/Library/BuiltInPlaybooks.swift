internal import CordonModel
internal import CordonScan
internal import FoundationEssentials

/// The playbooks that the program ships.
package enum BuiltInPlaybooks {
    /// The identifier of “Contain an SSH intrusion”.
    package static let containSSHIntrusionID = "playbook--2b1f6a34-8f0e-4c55-9d1b-6a4e7c3f0d21"

    static let all: [JSONValue] = [containSSHIntrusion]

    /// Blocks the attacker on the host for an hour; when the case is critical, asks a responder whether to cut the
    /// host off for four hours. A block that fails does not keep the question from being asked.
    static let containSSHIntrusion: JSONValue = [
        "type": "playbook", "spec_version": "cacao-2.0", "id": .text(containSSHIntrusionID),
        "name": "Contain an SSH intrusion",
        "description":
            """
        Blocks the attacker's address on the host for one hour. When the case is critical, asks a responder to approve \
        the isolation of the host for four hours; nobody answering within 30 minutes counts as no.
        """,
        "playbook_types": ["mitigation"], "playbook_activities": ["restrict-access", "disconnect-system"],
        "created_by": "identity--7f6d4d8e-1c2b-4b0e-8a37-5e9d2c41b6a0", "created": "2026-11-21T00:00:00.000Z",
        "modified": "2026-11-21T00:00:00.000Z", "severity": 95, "impact": 60, "labels": ["ssh", "containment"],
        "playbook_variables": variables, "workflow_start": .text(start), "workflow": workflow,
        "agent_definitions": [
            agent: ["type": "organization", "name": "Cordon"]
        ],
        "target_definitions": [
            host: ["type": "linux", "name": "__hostname__:value", "address": ["dname": ["__host__:value"]]]
        ],
        "extension_definitions": [CordonExtension.id: CordonExtension.definition],
    ]

    private static let variables: JSONValue = [
        "__host__": ["type": "uuid", "description": "The agent of the host", "external": true],
        "__hostname__": [
            "type": "string", "description": "The host's name, for people", "value": "the host", "external": true,
        ],
        "__claimed_name__": [
            "type": "string", "description": "A sentence where the host now calls itself otherwise", "value": "",
            "external": true,
        ],
        "__attacker__": ["type": "string", "description": "The attacker's IPv4 or IPv6 address", "external": true],
        "__severity__": ["type": "string", "description": "The case's severity", "value": "high", "external": true],
        "__case__": ["type": "string", "description": "The case", "value": "", "external": true],
        "__user__": ["type": "string", "description": "The account that was used", "value": "", "external": true],
    ]

    private static let agent = "organization--5d0f3a6c-21b7-4e0a-9c4e-7f1b8d2a6e03"
    private static let host = "linux--9a3c7e50-4d18-4b6f-8e2a-0c5d9f7b1e64"
    private static let start = "start--0f4d2c8a-6b1e-4f73-a5d9-3e7c1b8f2a01"
    private static let family = "if-condition--1a7e5b3c-9d2f-4c60-b8e4-5f0a6d3c7b02"
    private static let blockV4 = "action--2c9f1d7e-3a5b-4e84-9f06-7b2d8c4e1a03"
    private static let endV4 = "end--3e1b7f9d-5c4a-4d28-a1c7-9d4f0e6b2c04"
    private static let blockV6 = "action--4b3d9a1f-7e6c-4f52-b3e9-1f6a2d8c4e05"
    private static let endV6 = "end--5d5f1c3b-9a8e-4a76-95fb-3b8c4f0e6a06"
    private static let critical = "if-condition--6f7b3e5d-1c0a-4b98-87ad-5d0e6b2a8c07"
    private static let approve = "action--7a9d5f7b-3e2c-4cba-a9cf-7f2b8d4c0e08"
    private static let isolate = "action--8cbf7b9d-5a4e-4edc-8be1-9b4d0f6e2a09"
    private static let endIsolated = "end--9edb9dbf-7c60-4afe-9d03-bd6f2b8a4c10"
    private static let endDenied = "end--a0fdbfdb-9e82-4c10-af25-df8b4dac6e11"
    private static let end = "end--b2bfd1fd-b0a4-4e32-8147-f1ad6fce8a12"

    private static let workflow: JSONValue = [
        start: ["type": "start", "name": "Start", "on_completion": .text(family)],
        family: [
            "type": "if-condition", "name": "Is the attacker's address IPv4?",
            "condition": "__attacker__:value ISSUBSET '0.0.0.0/0'", "on_true": .text(blockV4),
            "on_false": .text(blockV6),
            "on_success": .text(critical), "on_failure": .text(critical),
        ],
        blockV4: block("ipv4_net", then: endV4), endV4: ["type": "end", "name": "Blocked"],
        blockV6: block("ipv6_net", then: endV6), endV6: ["type": "end", "name": "Blocked"],
        critical: [
            "type": "if-condition", "name": "Is the case critical?", "condition": "__severity__:value = 'critical'",
            "on_true": .text(approve), "on_completion": .text(end),
        ],
        approve: [
            "type": "action", "name": "Ask whether to isolate the host", "agent": .text(agent),
            "commands": [["type": "manual", "command": "Isolate __hostname__:value?\n__claimed_name__:value"]],
            "step_extensions": [
                CordonExtension.id: [
                    "type": "cordon-step",
                    "manual": ["kind": "approval", "role": "responder", "due": 1_800_000, "on_timeout": "deny"],
                ]
            ],
            "on_success": .text(isolate), "on_failure": .text(endDenied),
        ],
        isolate: command(
            "Isolate the host for four hours", activity: "disconnect-system",
            [
                "action": "contain", "target": ["device": ["device_id": "__host__:value"]],
                "args": ["duration": 14_400_000, "er": ["device_containment": "network_isolation"]],
                "actuator": ["er": [:]],
            ], then: endIsolated),
        endIsolated: ["type": "end", "name": "Isolated"], endDenied: ["type": "end", "name": "Not isolated"],
        end: ["type": "end", "name": "Done"],
    ]

    private static func block(_ target: String, then next: String) -> JSONValue {
        command(
            "Block the attacker for one hour", activity: "restrict-access",
            [
                "action": "deny", "target": [target: "__attacker__:value"],
                "args": ["duration": 3_600_000, "slpf": ["drop_process": "none", "direction": "both"]],
                "actuator": ["slpf": [:]],
            ], then: next)
    }

    private static func command(
        _ name: String, activity: String, _ openC2: JSONValue, then next: String
    ) -> JSONValue {
        [
            "type": "action", "name": .text(name), "agent": .text(agent), "targets": [.text(host)],
            "commands": [
                [
                    "type": "openc2", "playbook_activity": .text(activity),
                    "command_b64": .text(Data(openC2.bytes()).base64EncodedString()),
                ]
            ],
            "on_completion": .text(next),
        ]
    }
}
