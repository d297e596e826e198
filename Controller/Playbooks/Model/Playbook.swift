package import CordonScan

/// A CACAO 2.0 playbook (OASIS CACAO Security Playbooks 2.0 CS01): what the engine needs of it, read leniently, and
/// the whole document beside it, so that nothing is lost when it is written again.
package struct Playbook: Sendable {
    /// `playbook--UUID`.
    package let id: String
    package let name: String
    package let description: String
    /// `modified`: two documents with one `id` are versions of one playbook.
    package let version: String
    package let isRevoked: Bool
    package let variables: [String: Variable]
    /// The identifier of the step to begin with.
    package let start: String
    /// The step that follows a failure that no other step takes care of.
    package let exception: String?
    package let steps: [String: Step]
    /// Agents and targets by identifier.
    package let parties: [String: Party]
    /// The document as it was read, unknown members included.
    package let document: JSONValue

    /// What the document must not exceed.
    package enum Limits {
        /// Bytes of the document.
        package static let bytes = 2 << 20
        /// Arrays and objects inside each other.
        package static let depth = 64
        /// Steps of the workflow.
        package static let steps = 5000
    }

    /// Reads what is there; what is missing or of a wrong kind is empty. Whether it is valid is the validator's to
    /// say.
    package init(document: JSONValue) {
        self.document = document
        id = document["id"]?.text ?? ""
        name = document["name"]?.text ?? ""
        description = document["description"]?.text ?? ""
        version = document["modified"]?.text ?? ""
        isRevoked = document["revoked"]?.flag ?? false
        variables = Variable.read(document["playbook_variables"])
        start = document["workflow_start"]?.text ?? ""
        exception = document["workflow_exception"]?.text
        var steps: [String: Step] = [:]
        for (id, step) in document["workflow"]?.object ?? JSONObject() { steps[id] = Step(id: id, step) }
        self.steps = steps
        var parties: [String: Party] = [:]
        for member in ["agent_definitions", "target_definitions"] {
            for (id, party) in document[member]?.object ?? JSONObject() { parties[id] = Party(party) }
        }
        self.parties = parties
    }

    /// The document as JSON, members in their order.
    package var bytes: [UInt8] { document.bytes(.indented) }
}

/// An agent or a target (CACAO 2.0 §7): who does it, or what it is done to.
package struct Party: Sendable, Hashable {
    package let type: String
    package let name: String
    /// Values of `address`, by `dname`, `ipv4`, `ipv6`, `url`, …
    package let addresses: [String: [String]]
    package let port: String?

    init(_ json: JSONValue) {
        type = json["type"]?.text ?? ""
        name = json["name"]?.text ?? ""
        port = json["port"]?.text
        var addresses: [String: [String]] = [:]
        for (kind, values) in json["address"]?.object ?? JSONObject() {
            addresses[kind] = values.array?.compactMap(\.text) ?? []
        }
        self.addresses = addresses
    }
}

extension Variable {
    /// Reads a dictionary of variables.
    static func read(_ json: JSONValue?) -> [String: Variable] {
        var variables: [String: Variable] = [:]
        for (name, variable) in json?.object ?? JSONObject() {
            variables[name] = Variable(
                type: VariableType(rawValue: variable["type"]?.text ?? "string"), value: variable["value"]?.text,
                description: variable["description"]?.text ?? "", isConstant: variable["constant"]?.flag ?? false,
                isExternal: variable["external"]?.flag ?? false)
        }
        return variables
    }
}
