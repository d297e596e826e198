import CordonMatch

/// Finding text in bytes, held against looking at every place.
extension FuzzEntry {
    static let matching: [FuzzEntry] = [
        FuzzEntry(name: "wildcards") { bytes in
            var choices = Choices(bytes)
            let isCased = choices.byte() & 1 == 1
            let parts = choices.bytes(1024).split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return }
            let pattern = wildcards(String(decoding: parts[0], as: UTF8.self))
            let text = isCased ? Array(String(decoding: parts[1], as: UTF8.self).utf8) : Folding.fold(Array(parts[1]))
            try same(
                WildcardMatcher(pattern, isCased: isCased).matches(text.span), plainly(pattern, text, isCased: isCased),
                "a pattern matches where trying every way does")
        },
        FuzzEntry(name: "literals") { bytes in
            let lines = bytes.prefix(2048).split(separator: 0x0A).map { Folding.fold(Array($0)) }
            guard let text = lines.last else { return }
            var seen: Set<[UInt8]> = []
            let literals = lines.dropLast().filter { seen.insert($0).inserted }
            var found: [Found] = []
            try LiteralAutomaton(literals).scan(text.span) { found.append(Found(literal: $0, end: $1)) }
            var expected: Set<Found> = []
            for (number, literal) in literals.enumerated() where literal.count <= text.count {
                for end in literal.count...text.count where text[(end - literal.count)..<end] == literal[...] {
                    expected.insert(Found(literal: number, end: end))
                }
            }
            try same(Set(found), expected, "the automaton finds what looking at every place does")
            try same(found.count, expected.count, "and finds it once")
        },
        FuzzEntry(name: "expression") { bytes in
            var choices = Choices(bytes)
            let options = Expression.Options(rawValue: choices.byte() & 7)
            let parts = choices.bytes(4096).split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let source = String(validating: parts[0], as: UTF8.self),
                let expression = try? Expression(source, options: options)
            else { return }
            let text = Array(parts[1])
            try same(expression.matches(text.span), expression.matches(text.span), "a search has one answer")
        },
    ]

    private struct Found: Hashable {
        var literal: Int
        var end: Int
    }

    private static func wildcards(_ text: String) -> Wildcards {
        var pattern = Wildcards()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "*": pattern.append(.anyRun)
            case "?": pattern.append(.anyOne)
            default: pattern.append(.literal(String(scalar)))
            }
        }
        return pattern
    }

    /// Which places of the text each part of the pattern can end at.
    private static func plainly(_ pattern: Wildcards, _ text: [UInt8], isCased: Bool) -> Bool {
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        var reached = [true] + Array(repeating: false, count: scalars.count)
        for part in pattern.parts {
            var next = Array(repeating: false, count: scalars.count + 1)
            for place in 0...scalars.count where reached[place] {
                switch part {
                case .anyRun: for end in place...scalars.count { next[end] = true }
                case .anyOne: if place < scalars.count { next[place + 1] = true }
                case .literal(let literal):
                    let folded = isCased ? Array(literal.utf8) : Folding.fold(literal)
                    let wanted = Array(String(decoding: folded, as: UTF8.self).unicodeScalars)
                    if scalars[place...].starts(with: wanted) { next[place + wanted.count] = true }
                }
            }
            reached = next
        }
        return reached[scalars.count]
    }
}
