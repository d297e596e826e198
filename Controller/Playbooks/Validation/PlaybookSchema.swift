/// What the official schemas say of members, as tables: oasis-open/cacao-json-schemas for CACAO 2.0 CS01.
enum PlaybookSchema {
    indirect enum Kind: Sendable {
        case text
        case word([String])
        case identifier
        case timestamp
        case flag
        case integer(ClosedRange<Int64>)
        /// A list with at least so many elements.
        case list(Kind, least: Int)
        /// An object with at least so many members.
        case object(least: Int)
    }

    struct Member: Sendable {
        let name: String
        let kind: Kind
        let isRequired: Bool
    }

    private static func required(_ name: String, _ kind: Kind) -> Member {
        Member(name: name, kind: kind, isRequired: true)
    }

    private static func optional(_ name: String, _ kind: Kind) -> Member {
        Member(name: name, kind: kind, isRequired: false)
    }

    /// CACAO 2.0 §3.1.
    static let playbook: [Member] = [
        required("type", .word(["playbook"])), required("spec_version", .word(["cacao-2.0"])),
        required("id", .identifier),
        required("name", .text), optional("description", .text), optional("playbook_types", .list(.text, least: 0)),
        optional("playbook_activities", .list(.text, least: 1)),
        optional("playbook_processing_summary", .object(least: 0)),
        required("created_by", .identifier), required("created", .timestamp), required("modified", .timestamp),
        optional("revoked", .flag), optional("valid_from", .timestamp), optional("valid_until", .timestamp),
        optional("derived_from", .list(.identifier, least: 1)), optional("related_to", .list(.identifier, least: 1)),
        optional("priority", .integer(0...100)), optional("severity", .integer(0...100)),
        optional("impact", .integer(0...100)), optional("industry_sectors", .list(.text, least: 1)),
        optional("labels", .list(.text, least: 1)), optional("external_references", .list(.object(least: 1), least: 1)),
        optional("markings", .list(.identifier, least: 1)), optional("playbook_variables", .object(least: 0)),
        required("workflow_start", .identifier), optional("workflow_exception", .identifier),
        required("workflow", .object(least: 0)), optional("playbook_extensions", .object(least: 0)),
        optional("authentication_info_definitions", .object(least: 1)),
        optional("agent_definitions", .object(least: 1)),
        optional("target_definitions", .object(least: 1)), optional("extension_definitions", .object(least: 1)),
        optional("data_marking_definitions", .object(least: 1)),
        optional("signatures", .list(.object(least: 1), least: 1)),
    ]

    /// CACAO 2.0 §4.1: members of every step.
    static let step: [Member] = [
        required("type", .word(Step.Kind.allCases.filter { $0 != .unknown }.map(\.rawValue))), optional("name", .text),
        optional("description", .text), optional("external_references", .list(.object(least: 1), least: 1)),
        // The schema says at least 1, the text at least 0.
        optional("delay", .integer(0...Int64.max)), optional("timeout", .integer(0...Int64.max)),
        optional("step_variables", .object(least: 0)), optional("owner", .identifier),
        optional("on_completion", .identifier), optional("on_success", .identifier),
        optional("on_failure", .identifier),
        optional("step_extensions", .object(least: 1)),
    ]

    /// What a kind of step has besides.
    static func members(of kind: Step.Kind) -> [Member] {
        switch kind {
        case .action:
            [
                required("commands", .list(.object(least: 1), least: 1)), required("agent", .identifier),
                optional("targets", .list(.identifier, least: 1)), optional("in_args", .list(.text, least: 1)),
                optional("out_args", .list(.text, least: 1)),
            ]
        case .playbookAction:
            [
                required("playbook_id", .identifier), optional("playbook_version", .timestamp),
                optional("in_args", .list(.text, least: 1)), optional("out_args", .list(.text, least: 1)),
            ]
        case .parallel: [required("next_steps", .list(.identifier, least: 2))]
        case .ifCondition:
            [required("condition", .text), required("on_true", .identifier), optional("on_false", .identifier)]
        case .whileCondition: [required("condition", .text), required("on_true", .identifier)]
        case .switchCondition: [required("switch", .text), required("cases", .object(least: 0))]
        case .start, .end, .unknown: []
        }
    }

    /// CACAO 2.0 §5: members of every command, and of those with more.
    static func command(_ type: String) -> [Member] {
        let common = [
            required("type", .text), optional("description", .text), optional("version", .text),
            optional("playbook_activity", .text), optional("external_references", .list(.object(least: 1), least: 0)),
            optional("command_b64", .text), optional("content", .text), optional("headers", .object(least: 0)),
        ]
        return switch type {
        case "http-api": common + [required("command", .text), optional("content_b64", .text)]
        case "openc2-http": common + [required("command", .text), required("content_b64", .text)]
        default: common + [optional("command", .text), optional("content_b64", .text)]
        }
    }

    /// CACAO 2.0 §7: members of agents and targets.
    static func party(_ type: String) -> [Member] {
        let hasAddress = ["http-api", "linux", "net-address", "ssh"].contains(type)
        return [
            required("type", .text), required("name", .text), optional("description", .text), optional("port", .text),
            Member(name: "address", kind: .object(least: 0), isRequired: hasAddress),
            optional("authentication_info", .identifier), optional("category", .list(.text, least: 1)),
            optional("agent_target_extensions", .object(least: 1)),
        ]
    }

    /// CACAO 2.0 §10.18.
    static let variable: [Member] = [
        required("type", .text), optional("description", .text), optional("constant", .flag),
        optional("external", .flag),
    ]

    /// CACAO 2.0 §6.
    static let extensionDefinition: [Member] = [
        required("type", .word(["extension-definition"])), required("name", .text), optional("description", .text),
        required("created_by", .identifier), required("schema", .text), required("version", .text),
    ]
}
