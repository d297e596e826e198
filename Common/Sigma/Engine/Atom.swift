internal import CordonMatch
internal import CordonModel

/// One test of a condition, made ready; rules that ask the same share it. A class, so that handing it on costs little.
final class Atom: Sendable {
    /// What is looked at.
    enum Subject: Sendable, Hashable {
        case field(Int)
        case keywords
    }

    /// How it is answered when no automaton has answered it.
    enum Test: Sendable {
        /// The automaton answers it for good.
        case decided
        case pattern(WildcardMatcher, isCased: Bool)
        case expression(Expression)
        case network(Network)
        case number(Comparison, Double)
        case time(TimePart, Comparison, Int)
        case exists(Bool)
        case isNull
        /// The other field's slot.
        case field(Int, Placement, isCased: Bool)
    }

    let subject: Subject
    let test: Test
    /// The literal that must stand in the text for it to hold; `nil` where there is none.
    let hint: Hint?

    init(subject: Subject, test: Test, hint: Hint?) { (self.subject, self.test, self.hint) = (subject, test, hint) }

    /// Whether it holds only where the field is there.
    var needsPresence: Bool {
        switch test {
        case .isNull, .exists(false): false
        default: subject != .keywords
        }
    }
}

/// A literal, folded, and where it must stand.
struct Hint: Sendable, Hashable {
    enum Anchor: Sendable, Hashable {
        case whole, start, end, anywhere
    }

    var literal: [UInt8]
    var anchor: Anchor
    /// Whether a hit means that the test holds.
    var decides: Bool

    /// Longer literals are only looked for in part.
    private static let longest = 64

    /// `nil` for a pattern without a literal.
    init?(_ pattern: Wildcards, isCased: Bool) {
        let parts = pattern.parts
        let literals = parts.compactMap { part in if case .literal(let text) = part { text } else { nil } }
        guard let longest = literals.max(by: { $0.utf8.count < $1.utf8.count }) else { return nil }
        literal = Folding.fold(longest)
        guard !literal.isEmpty else { return nil }
        let shape = parts.map { part in if case .literal = part { "a" } else { part == .anyRun ? "*" : "?" } }.joined()
        let anchors: [String: Anchor] = ["a": .whole, "a*": .start, "*a": .end, "*a*": .anywhere]
        (anchor, decides) = (anchors[shape] ?? .anywhere, anchors[shape] != nil && !isCased)
        if literal.count > Self.longest {
            literal = Array(literal.prefix(Self.longest))
            (anchor, decides) = (anchor == .whole || anchor == .start ? .start : .anywhere, false)
        }
    }

    /// Whether the literal stands where it must.
    @inline(__always)
    static func stands(_ anchor: Anchor, length: Int, end: Int, in count: Int) -> Bool {
        switch anchor {
        case .anywhere: true
        case .end: end == count
        case .start: end == length
        case .whole: end == length && end == count
        }
    }
}
