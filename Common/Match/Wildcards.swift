/// A text pattern with wildcards: what lies between them is literal.
package struct Wildcards: Sendable, Hashable {
    package enum Part: Sendable, Hashable {
        case literal(String)
        /// `*`: any run, the empty one too.
        case anyRun
        /// `?`: exactly one character.
        case anyOne
    }

    /// Never two literals in a row, never an empty literal.
    package private(set) var parts: [Part]

    package init(_ parts: [Part] = []) {
        self.parts = []
        for part in parts { append(part) }
    }

    /// Joins neighbouring literals, and neighbouring `*`.
    package mutating func append(_ part: Part) {
        switch (parts.last, part) {
        case (_, .literal("")), (.anyRun?, .anyRun): break
        case (.literal(let before)?, .literal(let text)): parts[parts.count - 1] = .literal(before + text)
        default: parts.append(part)
        }
    }
}
