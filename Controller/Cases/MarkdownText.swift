internal import CordonModel

/// Text of anybody as Markdown (CommonMark with the tables of GitHub) that shows it and does nothing else.
enum MarkdownText {
    /// One line: no control characters, terminal sequences or marks that turn or hide text; line ends are spaces; what
    /// Markdown or HTML would act on is escaped.
    static func line(_ text: String) -> String {
        var escaped = ""
        var rest = PlainText.line(text).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            case "\\", "`", "*", "_", "[", "]", "|", "~", "$", "@", "#", "{", "}": escaped += "\\\(scalar)"
            // Keeps addresses from becoming links (GFM §6.9): http://…, www.…
            case ":" where rest.first == "/": escaped += "\\:"
            case "." where rest.first.map { $0 != " " } ?? false && escaped.lowercased().hasSuffix("www"):
                escaped += "\\."
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Text of anybody for a place that shows plain text on one line, a terminal included.
package enum PlainText {
    /// The text without control characters and terminal sequences, bidirectional and invisible format characters; line
    /// ends and tabs are one space.
    package static func line(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar.value {
            case 0x1B: skipSequence(&scalars)
            case 0x9B: skipControlSequence(&scalars)
            case 0x0A, 0x09, 0x85, 0x2028, 0x2029: if clean.last != " " { clean.append(" ") }
            case 0x0D: break
            case 0..<0x20, 0x7F..<0xA0: break
            default: if !isInvisible(scalar) { clean.append(scalar) }
            }
        }
        return String(clean)
    }

    /// Format characters: Unicode category Cf (bidirectional controls, zero width, tags), which change how others look.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .format }

    /// What follows an ESC (ECMA-48 §5.3): a control sequence, a string up to its end, or one character.
    private static func skipSequence(_ scalars: inout Substring.UnicodeScalarView) {
        guard let next = scalars.first, (0x20..<0x7F).contains(next.value) else { return }
        scalars.removeFirst()
        switch next {
        case "[": skipControlSequence(&scalars)
        case "]", "P", "X", "^", "_": skipString(&scalars)
        // Intermediates, then the final character; any other character was the final one itself.
        case let first where first.value < 0x30:
            while let byte = scalars.first, (0x20..<0x30).contains(byte.value) { scalars.removeFirst() }
            if let final = scalars.first, (0x30..<0x7F).contains(final.value) { scalars.removeFirst() }
        default: break
        }
    }

    /// Parameters and intermediates up to the final byte (ECMA-48 §5.4).
    private static func skipControlSequence(_ scalars: inout Substring.UnicodeScalarView) {
        while let byte = scalars.first, (0x20..<0x40).contains(byte.value) { scalars.removeFirst() }
        if let final = scalars.first, (0x40..<0x7F).contains(final.value) { scalars.removeFirst() }
    }

    /// Up to BEL or ST. A string that does not end within a screen line is no string: its text is shown.
    private static func skipString(_ scalars: inout Substring.UnicodeScalarView) {
        let ahead = scalars.prefix(256)
        guard let end = ahead.firstIndex(where: { $0.value == 0x07 || $0.value == 0x9C || $0.value == 0x1B }) else {
            return
        }
        let isEscape = scalars[end].value == 0x1B
        scalars = scalars[scalars.index(after: end)...]
        if isEscape, scalars.first == "\\" { scalars.removeFirst() }
    }
}
