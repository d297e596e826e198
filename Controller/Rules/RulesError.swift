internal import CordonModel

/// What keeps a rule, a folder of rules or a pack from being used.
package struct RulesError: ActionableError, Hashable {
    package let code: String
    package let message: String
    package let remedy: String

    init(_ code: String, _ message: String, remedy: String = "") {
        self.code = "rules.\(code)"
        self.message = message
        self.remedy = remedy
    }
}
