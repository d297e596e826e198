internal import CordonScan

/// A workflow step (CACAO 2.0 §4).
package struct Step: Sendable {
    /// `action--UUID` and the like.
    package let id: String
    package let kind: Kind
    package let name: String
    package let description: String
    /// Waited before it begins.
    package let delay: Duration
    /// The step fails when it takes longer; `nil` for the engine's own limit.
    package let timeout: Duration?
    package let variables: [String: Variable]
    package let onCompletion: String?
    package let onSuccess: String?
    package let onFailure: String?
    package let nextSteps: [String]
    package let condition: String
    package let onTrue: String?
    package let onFalse: String?
    package let cases: [(value: String, step: String)]
    package let commands: [Command]
    package let agent: String?
    package let targets: [String]
    package let outArgs: [String]
    /// What the step says in Cordon's own extension.
    package let settings: StepSettings

    /// `workflow-step-type-enum`.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case start
        case end
        case action
        case playbookAction = "playbook-action"
        case parallel
        case ifCondition = "if-condition"
        case whileCondition = "while-condition"
        case switchCondition = "switch-condition"
        /// No CACAO 2.0 step.
        case unknown
    }

    init(id: String, _ json: JSONValue) {
        self.id = id
        kind = json["type"]?.text.flatMap { Kind(rawValue: $0) } ?? .unknown
        name = json["name"]?.text ?? id
        description = json["description"]?.text ?? ""
        delay = .milliseconds(max(0, json["delay"]?.integer ?? 0))
        timeout = json["timeout"]?.integer.flatMap { $0 > 0 ? .milliseconds($0) : nil }
        variables = Variable.read(json["step_variables"])
        onCompletion = json["on_completion"]?.text
        onSuccess = json["on_success"]?.text
        onFailure = json["on_failure"]?.text
        nextSteps = json["next_steps"]?.array?.compactMap(\.text) ?? []
        condition = json["condition"]?.text ?? ""
        onTrue = json["on_true"]?.text
        onFalse = json["on_false"]?.text
        cases = (json["cases"]?.object ?? JSONObject()).compactMap { name, step in step.text.map { (name, $0) } }
        commands = json["commands"]?.array?.map { Command($0) } ?? []
        agent = json["agent"]?.text
        targets = json["targets"]?.array?.compactMap(\.text) ?? []
        outArgs = json["out_args"]?.array?.compactMap(\.text) ?? []
        settings = StepSettings(json["step_extensions"]?[CordonExtension.id])
    }

    /// The steps that follow in the same branch.
    package var followers: [String] { [onCompletion, onSuccess, onFailure].compactMap(\.self) }

    /// The steps that branches of its own begin with.
    package var branches: [String] { [onTrue, onFalse].compactMap(\.self) + nextSteps + cases.map(\.step) }

    /// Where it goes when it succeeded.
    var afterSuccess: String? { onCompletion ?? onSuccess }

    /// The name in quotes with the identifier, for sentences.
    var title: String { name == id ? id : "“\(name)” (\(id))" }
}

/// One command of an action step (CACAO 2.0 §5).
package struct Command: Sendable {
    /// `command-type-ov`, or any other word.
    package let type: String
    package let description: String
    package let command: String?
    package let commandBase64: String?
    package let content: String?
    package let contentBase64: String?
    /// Names and values in order.
    package let headers: [(name: String, value: String)]

    init(_ json: JSONValue) {
        type = json["type"]?.text ?? ""
        description = json["description"]?.text ?? ""
        command = json["command"]?.text
        commandBase64 = json["command_b64"]?.text
        content = json["content"]?.text
        contentBase64 = json["content_b64"]?.text
        var headers: [(name: String, value: String)] = []
        for (name, values) in json["headers"]?.object ?? JSONObject() {
            for value in values.array?.compactMap(\.text) ?? [] { headers.append((name, value)) }
        }
        self.headers = headers
    }

    /// The kinds of command that this version carries out.
    package enum Offered: String, Sendable, CaseIterable {
        case manual
        case httpAPI = "http-api"
        case openC2 = "openc2"
        case openC2HTTP = "openc2-http"
    }

    /// `nil` for what this version does not carry out.
    package var offered: Offered? { Offered(rawValue: type) }
}
