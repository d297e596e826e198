internal import Mustache

/// How text from outside stands in a page: it can neither become markup nor hide what it is.
///
/// Mustache's own escaping walks over characters, so that `"` followed by a combining mark is one character which it
/// does not know and lets through: enough to leave an attribute. This walks over Unicode scalars, as browsers do, and
/// also shows what is meant not to be seen: control characters and those that turn the direction of text (UAX #9).
package struct VisibleText: MustacheContentType {
    /// The name in the pragma that ``PageRenderer`` puts at the head of every template.
    static let name = "VISIBLE"

    package init() {}

    package func escapeText(_ text: String) -> String { Self.escaped(text) }

    /// The text as HTML: for content and for attributes in double quotes.
    package static func escaped(_ text: String) -> String {
        var html = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": html.append(contentsOf: "&lt;".unicodeScalars)
            case ">": html.append(contentsOf: "&gt;".unicodeScalars)
            case "&": html.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": html.append(contentsOf: "&quot;".unicodeScalars)
            case "'": html.append(contentsOf: "&#39;".unicodeScalars)
            case "\n", "\t": html.append(scalar)
            default:
                if isUnseen(scalar) {
                    html.append(contentsOf: named(scalar).unicodeScalars)
                } else {
                    html.append(scalar)
                }
            }
        }
        return String(html)
    }

    /// Whether the scalar draws nothing itself but changes what is drawn or read. The joiners that Persian, Hindi and
    /// many more languages are written with stay as they are.
    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x20, scalar.value < 0x7F { return false }
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        case .format: return scalar.value != 0x200C && scalar.value != 0x200D
        default: return false
        }
    }

    /// `⟨U+202E⟩`
    private static func named(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "⟨U+\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits)⟩"
    }
}
