internal import CordonScan
internal import Glibc

/// Everything that reaches the terminal goes through here: what servers and logs say is shown, never obeyed.
enum Terminal {
    /// Whether standard output is a terminal that may be coloured (https://no-color.org).
    static let hasColours: Bool =
        isatty(STDOUT_FILENO) == 1 && Environment["NO_COLOR"] == nil && Environment["TERM"] != "dumb"

    enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case magenta = "35"
        case faint = "2"
        case bold = "1"
    }

    /// One line on standard output. The text is safe already.
    static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    /// A value on one line, as JSON that is safe to show.
    static func print(_ value: JSONValue) { print(jsonLine(value)) }

    /// A line on standard error.
    static func complain(_ line: String) { write(safe(line, lines: true) + "\n", to: STDERR_FILENO) }

    /// The text in a colour, where there are colours.
    static func paint(_ text: String, _ colour: Colour?) -> String {
        guard hasColours, let colour else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }

    /// The text with everything spelt out that a terminal might act on: controls, escapes, bidirectional overrides, and
    /// characters that cannot be seen. Line feeds stay where they are asked for.
    static func safe(_ text: String, lines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            if !isUnsafe(scalar) || (lines && scalar == "\n") {
                safe.unicodeScalars.append(scalar)
            } else {
                safe += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return safe
    }

    /// The value as one line of JSON in which the same characters are escaped.
    static func jsonLine(_ value: JSONValue) -> String {
        var line = ""
        for scalar in value.json().unicodeScalars {
            // Outside of texts JSON is ASCII without controls: what is unsafe stands in a text, where an escape means it.
            guard isUnsafe(scalar) else {
                line.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
        return line
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                // Nobody reads what goes wrong: the exit code still says it.
                if descriptor == STDERR_FILENO { return }
                // A reader that has seen enough (`| head -1`) is an ordinary end; a full disk is not.
                exit(errno == EPIPE ? Exit.done.rawValue : Exit.failed.rawValue)
            }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// Environment variables.
enum Environment {
    static subscript(name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
