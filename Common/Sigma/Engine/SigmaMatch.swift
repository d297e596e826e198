/// A rule that holds of an event. The author goes wherever the match is shown: the Detection Rule License asks for it.
package struct SigmaMatch: Sendable, Hashable {
    /// The rule's place among the engine's.
    package let rule: Int
    package let id: String
    package let title: String
    package let author: String?
    package let level: SigmaRule.Level
    package let tags: [String]

    init(_ rule: SigmaRule, at place: Int) {
        self.rule = place
        (id, title, author) = (rule.id, rule.title, rule.author)
        (level, tags) = (rule.level, rule.tags)
    }
}
