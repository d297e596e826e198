/// Cuts a condition into words and brackets. A word is whatever is none of space, bracket and pipe: the specification
/// does not say what the name of a search identifier may hold, and real ones have dots.
enum ConditionLexer {
    enum Token: Hashable {
        /// `and`, `not`, an identifier, a pattern, a number.
        case word(String)
        case open
        case close
        /// The sign of the obsolete aggregations.
        case pipe
    }

    static func tokens(_ text: String) -> [Token] {
        var tokens: [Token] = []
        var word = ""
        func end() {
            if !word.isEmpty { tokens.append(.word(word)) }
            word = ""
        }
        // By scalars: a bracket stays one, whatever mark is put on it.
        for character in text.unicodeScalars {
            switch character {
            case "(", ")", "|":
                end()
                tokens.append(character == "(" ? .open : character == ")" ? .close : .pipe)
            case _ where character.properties.isWhitespace: end()
            default: word.unicodeScalars.append(character)
            }
        }
        end()
        return tokens
    }
}
