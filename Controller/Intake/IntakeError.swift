internal import CordonModel

/// Why a batch was not taken.
package struct IntakeError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    /// A batch that no agent of ours makes: nothing of it is stored or acknowledged.
    static func malformed(_ what: String) -> IntakeError {
        IntakeError(
            code: "intake.malformed", message: "The batch is malformed: \(what).",
            remedy: "Bring agent and controller to the same version; the agent keeps the batch."
        )
    }
}
