internal import CordonModel
internal import CordonOrders
internal import CordonScan

/// Actions as the API takes and shows them: told apart by `kind`, with the parameters of their catalogue entry.
enum ActionView {
    static let schema = Schema.named(
        "Action",
        .variants(tag: "kind", ActionKind.allCases.map { ($0.rawValue, $0.entry.parameters.map(property)) })
    )

    private static func property(_ parameter: Parameter) -> Schema.Property {
        let schema = schema(parameter.kind)
        return parameter.isRequired
            ? .required(parameter.name, schema, parameter.summary)
            : .optional(
                parameter.name, schema, parameter.summary + (parameter.usual.map { " `\($0)` unless given." } ?? ""))
    }

    private static func schema(_ kind: Parameter.Kind) -> Schema {
        switch kind {
        case .number(let range), .bytes(let range), .seconds(let range): .integer(range)
        case .path: .sentence(Parameter.longestPath)
        case .network: .network
        case .choice(let words): .choice(words)
        case .flag: .flag
        case .digest: .sentence(64)
        case .identifier: .sentence(36)
        case .userName: .sentence(32)
        case .unitName: .sentence(255)
        case .keyFingerprint: .sentence(50)
        case .label: .sentence(32)
        case .words(let most), .document(let most): .sentence(most)
        case .networks: .sentence(AddressList.longestText)
        case .domain: .sentence(DomainName.longest + 1)
        case .line: .sentence(Parameter.longestLine)
        case .ports: .sentence(PortRange.mostInList * 16)
        }
    }

    static func json(_ action: Action) -> JSONValue {
        var object = JSONObject()
        object["kind"] = .text(action.kind.rawValue)
        let shown = action.shownParameters
        for parameter in action.kind.entry.parameters {
            object[parameter.name] = shown[parameter.name].map(JSONValue.init)
        }
        return .object(object)
    }

    /// The action that a value of the schema means; the problem names the parameter that the schema lets through and the
    /// action does not.
    static func checked(_ value: JSONValue) throws(Problem) -> Action {
        var parameters: [String: FieldValue] = [:]
        for (name, member) in value.object ?? JSONObject() where name != "kind" {
            parameters[name] = self.value(member)
        }
        do { return try Action(kind: value["kind"]?.text ?? "", parameters: parameters) } catch {
            let pointer = error.parameter.map { "/action/\($0)" } ?? "/action"
            throw Problem.invalid([.init(pointer: pointer, message: error.message)])
        }
    }

    private static func value(_ member: JSONValue) -> FieldValue? {
        switch member {
        case .text(let text): .text(text)
        case .integer(let number): .number(number)
        case .flag(let flag): .flag(flag)
        default: nil
        }
    }
}
