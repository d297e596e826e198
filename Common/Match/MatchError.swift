internal import CordonModel

/// What keeps a pattern from being made ready.
package struct MatchError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    init(_ code: String, _ message: String, remedy: String = "") {
        self.code = "match.\(code)"
        self.message = message
        self.remedy = remedy
    }
}
