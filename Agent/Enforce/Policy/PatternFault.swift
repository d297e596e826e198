internal import CordonSettings

/// Patterns that can never match: whoever wrote one believes that something is protected, and it is not.
enum PatternFault {
    /// What to write instead; `nil` for a pattern that can match a path.
    static func ofPath(_ pattern: String) -> String? {
        canBeginPath(pattern) ? nil : "Write the whole path, beginning with /, as \"/srv/backup/*\"."
    }

    /// The same for executables: a whole path, or a bare name.
    static func ofProcess(_ pattern: String) -> String? {
        if pattern.isEmpty || pattern.first == " " || pattern.last == " " {
            return "Write the name without blanks before and after it, as \"postgres\"."
        }
        guard pattern.contains("/"), !canBeginPath(pattern) else { return nil }
        return "Write the whole path, beginning with /, or the bare name, as \"/usr/sbin/sshd\" or \"postgres\"."
    }

    /// The same for units of systemd, whose names have no blanks and end in their type.
    static func ofUnit(_ pattern: String) -> String? {
        let hasType = types.contains { Glob.matches(pattern.suffix(after: ".") ?? "", $0) }
        guard pattern.contains(where: \.isWhitespace) || !(hasType || pattern.last == "*") else { return nil }
        return "Write the unit's whole name, without blanks, as \"postgresql.service\" or \"postgresql*\"."
    }

    /// systemd.unit(5).
    private static let types = [
        "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
    ]

    private static func canBeginPath(_ pattern: String) -> Bool {
        pattern.first.map { "/*?".contains($0) } ?? false
    }
}

extension String {
    /// What follows the last such character; `nil` where there is none.
    fileprivate func suffix(after character: Character) -> String? {
        lastIndex(of: character).map { String(self[index(after: $0)...]) }
    }
}

extension LocalPolicy {
    /// The key's list of patterns; one that can never match is an error, which says what to write.
    static func patterns(
        _ section: inout SettingsSection, _ key: String, _ fault: (String) -> String?
    ) throws(SettingsError) -> [String] {
        let patterns = try section.texts(key, default: [])
        for pattern in patterns {
            guard let remedy = fault(pattern) else { continue }
            throw SettingsError(
                "never_matches", at: section.origin(of: key), "\"\(pattern)\" in \(key) can never match.",
                remedy: remedy)
        }
        return patterns
    }
}
