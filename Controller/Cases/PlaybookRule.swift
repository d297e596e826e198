package import CordonModel

/// Which alerts start which playbook.
package struct PlaybookRule: Sendable, Hashable {
    /// A glob over the alert rule's identifier: `*` is any text, `?` one character, all else itself.
    package var alertRule: String
    package var minimumSeverity: Severity
    /// The CACAO identifier of the playbook.
    package var playbook: String

    package init(alertRule: String, minimumSeverity: Severity, playbook: String) {
        self.alertRule = alertRule
        self.minimumSeverity = minimumSeverity
        self.playbook = playbook
    }

    /// Whether the alert starts it.
    package func matches(_ alert: Alert) -> Bool {
        alert.severity >= minimumSeverity && Glob.matches(alertRule, alert.rule.id)
    }
}

/// Globs of `*` and `?`, in time linear in pattern and text but for their product at worst.
enum Glob {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.unicodeScalars)
        let text = Array(text.unicodeScalars)
        var place = (pattern: 0, text: 0)
        var star: (pattern: Int, text: Int)?
        while place.text < text.count {
            let wanted = place.pattern < pattern.count ? pattern[place.pattern] : nil
            if wanted == "*" {
                star = place
                place.pattern += 1
            } else if let wanted, wanted == "?" || wanted == text[place.text] {
                place = (place.pattern + 1, place.text + 1)
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                place = (last.pattern + 1, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[place.pattern...].allSatisfy { $0 == "*" }
    }
}
