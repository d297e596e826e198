internal import CordonMatch

/// A rule's text, its escapes read (Rules, Escape Character): what is literal, what is a wildcard, what is a placeholder.
struct SigmaText: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case literal(String)
        case anyRun
        case anyOne
        /// `%name%`, without the signs; `expand` puts values in its place.
        case placeholder(String)
    }

    private(set) var parts: [Part] = []

    init(parts: [Part] = []) {
        for part in parts { append(part) }
    }

    /// That text and nothing else.
    init(literal: String) { self.init(parts: [.literal(literal)]) }

    /// - Parameter hasPlaceholders: Whether `%name%` is a placeholder, and `\%` a percent sign: only where `expand` is.
    init(_ source: String, hasPlaceholders: Bool = false) {
        var reader = SigmaTextReader(source, hasPlaceholders: hasPlaceholders)
        self.init(parts: reader.parts())
    }

    mutating func append(_ part: Part) {
        switch (parts.last, part) {
        case (_, .literal("")), (.anyRun?, .anyRun): break
        case (.literal(let before)?, .literal(let text)): parts[parts.count - 1] = .literal(before + text)
        default: parts.append(part)
        }
    }

    func appending(_ part: Part) -> SigmaText {
        var text = self
        text.append(part)
        return text
    }

    func appending(_ other: SigmaText) -> SigmaText { other.parts.reduce(self) { $0.appending($1) } }

    /// The text where there is no wildcard and no placeholder.
    var literal: String? {
        switch parts.count {
        case 0: ""
        case 1: if case .literal(let text) = parts[0] { text } else { nil }
        default: nil
        }
    }

    /// The first placeholder.
    var placeholder: String? {
        for case .placeholder(let name) in parts { return name }
        return nil
    }

    /// As the engine takes it; placeholders are gone by then.
    var wildcards: Wildcards {
        Wildcards(
            parts.map { part in
                switch part {
                case .literal(let text): .literal(text)
                case .anyRun: .anyRun
                case .anyOne: .anyOne
                case .placeholder(let name): .literal("%\(name)%")
                }
            })
    }
}

private struct SigmaTextReader {
    private let scalars: [Unicode.Scalar]
    private let hasPlaceholders: Bool
    private var position = 0
    private var literal = String.UnicodeScalarView()
    private var found: [SigmaText.Part] = []

    init(_ source: String, hasPlaceholders: Bool) {
        scalars = Array(source.unicodeScalars)
        self.hasPlaceholders = hasPlaceholders
    }

    mutating func parts() -> [SigmaText.Part] {
        while position < scalars.count { step() }
        flush()
        return found
    }

    private mutating func step() {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "\\":
            // A backslash before anything else stands for itself.
            if position < scalars.count, isEscapable(scalars[position]) {
                literal.append(scalars[position])
                position += 1
            } else {
                literal.append(scalar)
            }
        case "*": wild(.anyRun)
        case "?": wild(.anyOne)
        case "%" where hasPlaceholders: placeholder()
        default: literal.append(scalar)
        }
    }

    private func isEscapable(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "*" || scalar == "?" || scalar == "\\" || (hasPlaceholders && scalar == "%")
    }

    /// A name is letters, digits, `_`, `-` and `.` up to the next `%`; anything else is a percent sign.
    private mutating func placeholder() {
        let name = scalars[position...].prefix {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_" || $0 == "-" || $0 == "."
        }
        guard !name.isEmpty, name.endIndex < scalars.count, scalars[name.endIndex] == "%" else {
            literal.append("%")
            return
        }
        position = name.endIndex + 1
        var view = String.UnicodeScalarView()
        view.append(contentsOf: name)
        wild(.placeholder(String(view)))
    }

    private mutating func wild(_ part: SigmaText.Part) {
        flush()
        found.append(part)
    }

    private mutating func flush() {
        if !literal.isEmpty { found.append(.literal(String(literal))) }
        literal = String.UnicodeScalarView()
    }
}
