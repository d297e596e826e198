import CordonMatch
import CordonSigma

// Short spellings, so that a test says what it is about.

/// `*` and `?` are wildcards, nothing is escaped.
func pattern(_ text: String) -> Wildcards {
    Wildcards(
        text.map { character in
            switch character {
            case "*": .anyRun
            case "?": .anyOne
            default: .literal(String(character))
            }
        })
}

func has(_ field: String, _ text: String, isCased: Bool = false) -> Condition {
    .field(field, .pattern(pattern(text), isCased: isCased))
}

func keyword(_ text: String) -> Condition { .keyword(pattern("*\(text)*"), isCased: false) }

func rule(_ id: String, _ condition: Condition, _ logSource: LogSource = LogSource()) -> SigmaRule {
    SigmaRule(id: id, title: "Title of \(id)", author: "Author of \(id)", logSource: logSource, condition: condition)
}
