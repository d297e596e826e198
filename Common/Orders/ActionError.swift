internal import CordonModel

/// Why parameters make no action.
package struct ActionError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String
    /// The parameter that is wrong; `nil` where it is the kind.
    package let parameter: String?

    static func unknown(kind: String) -> ActionError {
        let names = ActionKind.allCases.map(\.rawValue)
        let nearest = NearestName.to(kind, among: names).map { "Did you mean \($0)? " } ?? ""
        return ActionError(
            code: "action.unknown", message: "There is no action \(Parameter.quoted(kind)) in this version.",
            remedy: "\(nearest)The actions are \(names.joined(separator: ", ")).", parameter: nil)
    }

    /// A parameter of the kind that is wrong, or not given. What is to be done is what the kind takes.
    static func wrong(_ parameter: String, of kind: ActionKind, _ fault: String) -> ActionError {
        ActionError(
            code: "action.parameter", message: "\(kind.rawValue): \(parameter) \(fault).", remedy: kind.entry.telling,
            parameter: parameter)
    }

    /// What the kind has no parameter for.
    static func unknown(parameter: String, of kind: ActionKind) -> ActionError {
        let nearest = NearestName.to(parameter, among: kind.entry.parameters.map(\.name))
        return ActionError(
            code: "action.parameter",
            message: "\(kind.rawValue): \(Parameter.quoted(parameter)) is not among its parameters.",
            remedy: (nearest.map { "Did you mean \($0)? " } ?? "") + kind.entry.telling, parameter: parameter)
    }
}
