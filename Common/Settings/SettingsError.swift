internal import CordonModel

/// What is wrong with a settings file: always with the file and the line.
package struct SettingsError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    /// A fault at a place, `file:line`.
    package init(_ code: String, at origin: String, _ message: String, remedy: String = "") {
        self.code = "settings.\(code)"
        self.message = "\(origin): \(message)"
        self.remedy = remedy
    }
}
