package import CordonModel
package import CordonScan

/// Cordon's CACAO step extension: who approves and by when, and which results become variables. CACAO 2.0 has no
/// words for either (§4.1 leaves both to implementations).
///
///     "step_extensions": { "extension-definition--c0a5d0d2-5c1e-4b7e-9a53-1d8f3c6b2e47": {
///         "type": "cordon-step",
///         "manual": { "kind": "approval", "role": "responder", "assignee": "ada", "due": 1800000, "on_timeout": "deny" },
///         "outputs": { "__status__": "status", "__ticket__": "body/id" } } }
///
/// - `manual.kind`: `approval` (yes or no) or `task` (done or not); default `task`. A denial fails the step:
///   `on_failure` follows.
/// - `manual.role`: the least role that may answer; default `responder`. `manual.assignee`: only this person may.
/// - `manual.due`: milliseconds until `manual.on_timeout` applies, as CACAO's own `timeout`; default 7 days.
/// - `manual.on_timeout`: `deny`, `approve` or `fail`; default `deny` for an approval, `fail` for a task.
/// - `outputs`: variables and what they get after the last command, where the step lists them in `out_args`: `state`,
///   `message` (orders, tasks), `order` (its identifier), `status`, `body`, or `body` with a JSON pointer (HTTP).
package enum CordonExtension {
    /// The key under `step_extensions` and `extension_definitions`.
    package static let id = "extension-definition--c0a5d0d2-5c1e-4b7e-9a53-1d8f3c6b2e47"

    /// What a playbook that uses the extension says under `extension_definitions`.
    package static let definition: JSONValue = [
        "type": "extension-definition",
        "name": "Cordon step extension",
        "description": "Approvals with a role, a deadline and what happens then; results that become variables.",
        "created_by": "identity--7f6d4d8e-1c2b-4b0e-8a37-5e9d2c41b6a0",
        "schema": "https://cordon.example/schemas/cacao-step-extension-1.0.0.json",
        "version": "1.0.0",
    ]
}

/// What one step says in ``CordonExtension``.
package struct StepSettings: Sendable, Hashable {
    package var kind = ManualTask.Kind.task
    package var role: Role
    package var assignee: String?
    /// Until `onTimeout` applies.
    package var due: Duration
    package var onTimeout = ManualTask.TimeoutRule.fail
    /// Variables and what they get.
    package var outputs: [String: String] = [:]

    /// How long a task waits where nothing else is said.
    package static let longestWait = Duration.seconds(7 * 86_400)

    init(_ json: JSONValue?) {
        let manual = json?["manual"]
        kind = manual?["kind"]?.text.flatMap { ManualTask.Kind(rawValue: $0) } ?? .task
        role = manual?["role"]?.text.flatMap { Role(rawValue: $0) } ?? .responder
        assignee = manual?["assignee"]?.text
        due = manual?["due"]?.integer.flatMap { $0 > 0 ? .milliseconds($0) : nil } ?? Self.longestWait
        onTimeout =
            manual?["on_timeout"]?.text.flatMap { ManualTask.TimeoutRule(rawValue: $0) }
            ?? (kind == .approval ? .deny : .fail)
        for (name, source) in json?["outputs"]?.object ?? JSONObject() { outputs[name] = source.text }
    }

    /// What is wrong with the extension's object: the pointer below it, and a sentence.
    static func faults(_ json: JSONValue) -> [(tokens: [String], message: String)] {
        var faults: [(tokens: [String], message: String)] = []
        let words: [(String, [String])] = [
            ("kind", ManualTask.Kind.allCases.map(\.rawValue)), ("role", Role.allCases.map(\.rawValue)),
            ("on_timeout", ManualTask.TimeoutRule.allCases.map(\.rawValue)),
        ]
        for (member, allowed) in words {
            guard let value = json["manual"]?[member], !allowed.contains(value.text ?? "") else { continue }
            faults.append((["manual", member], "“\(member)” must be one of \(allowed.joined(separator: ", "))."))
        }
        if let due = json["manual"]?["due"], (due.integer ?? 0) <= 0 {
            faults.append((["manual", "due"], "“due” must be a whole number of milliseconds above 0."))
        }
        if let assignee = json["manual"]?["assignee"], assignee.text == nil {
            faults.append((["manual", "assignee"], "“assignee” must be a text."))
        }
        for (name, source) in json["outputs"]?.object ?? JSONObject() where !OutputSource.isValid(source.text ?? "") {
            faults.append(
                (["outputs", name], "An output must be state, message, order, status, body or body/JSON/POINTER."))
        }
        return faults
    }
}

/// What a variable may get of a result.
enum OutputSource {
    static func isValid(_ text: String) -> Bool {
        ["state", "message", "order", "status", "body"].contains(text)
            || text.hasPrefix("body/") && JSONPointer(text.dropFirst(4)) != nil
    }
}
