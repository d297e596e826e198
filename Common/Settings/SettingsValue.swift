/// One value of a settings file.
package enum SettingsValue: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case flag(Bool)
    case list([SettingsValue])

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .text: "a text"
        case .integer: "a number"
        case .flag: "true or false"
        case .list: "a list"
        }
    }
}

/// A value and where it stands.
struct SettingsEntry: Sendable, Hashable {
    let value: SettingsValue
    /// `file:line`.
    let origin: String

    /// Whether one origin stands before another of the same file: of two line numbers the shorter one is the smaller one.
    static func isEarlier(_ left: String, _ right: String) -> Bool {
        (left.utf8.count, left) < (right.utf8.count, right)
    }
}
