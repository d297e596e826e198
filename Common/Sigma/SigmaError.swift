internal import CordonModel

/// What keeps rules, correlations or a pack from being used.
package struct SigmaError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    init(_ code: String, _ message: String, remedy: String = "") {
        self.code = "sigma.\(code)"
        self.message = message
        self.remedy = remedy
    }
}
