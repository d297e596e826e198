internal import CordonModel

/// What keeps a log from being read.
package struct CollectError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    init(_ code: String, _ message: String, remedy: String = "") {
        self.code = "collect.\(code)"
        self.message = message
        self.remedy = remedy
    }
}
