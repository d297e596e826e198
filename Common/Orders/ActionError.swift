internal import CordonModel

/// Why parameters make no action.
package struct ActionError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String
    /// The parameter that is wrong; `nil` where it is the kind.
    package let parameter: String?

    static func unknown(kind: String) -> ActionError {
        ActionError(
            code: "action.unknown", message: "There is no action “\(kind.prefix(40))” in this version.",
            remedy: "The actions are \(ActionKind.allCases.map(\.rawValue).joined(separator: ", ")).", parameter: nil)
    }

    static func wrong(_ parameter: String, of kind: ActionKind, _ fault: String) -> ActionError {
        ActionError(
            code: "action.parameter", message: "\(kind.rawValue): \(parameter.prefix(40)) \(fault).", remedy: "",
            parameter: parameter)
    }
}
