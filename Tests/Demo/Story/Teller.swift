internal import Glibc

/// Tells the story at the terminal: a line an event, with the time since the start.
final class Teller {
    private let start = ContinuousClock.now
    private let isColoured = unsafe isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
    private(set) var proofs = 0

    /// A new chapter.
    func chapter(_ title: String) { line("\n" + paint(title, "1")) }

    /// An event: where, and what.
    func say(_ place: String, _ text: String) {
        let (first, rest) = Self.lines(text)
        line("\(time)  \(Self.padded(place, 11))\(first)")
        for next in rest { line(String(repeating: " ", count: 21) + next) }
    }

    /// Counts and tells a proof; throws it when it did not hold.
    func prove(_ what: String, _ holds: Bool) throws {
        guard holds else { throw Unproved(what: what) }
        proofs += 1
        line("\(time)  \(paint("proved", "32"))     \(what)")
    }

    func end() { line("\n\(paint("All \(proofs) proofs held.", "32")) It took \(time.trimmed).") }

    func fault(_ head: String, _ text: String) { line("\n\(paint(head, "31")): \(Self.lines(text).0)") }

    /// Text as it is; control characters made visible.
    func print(_ text: String) {
        for next in text.split(separator: "\n", omittingEmptySubsequences: false) { line(Self.visible(String(next))) }
    }

    /// Asks for a line.
    func ask(_ question: String) -> String {
        write("\(time)  \(paint(question, "33")) ")
        return readLine() ?? ""
    }

    private var time: String {
        let passed = ContinuousClock.now - start
        let tenths = passed.components.seconds * 10 + passed.components.attoseconds / 100_000_000_000_000_000
        let text = "\(tenths / 10).\(tenths % 10)s"
        return String(repeating: " ", count: max(0, 6 - text.utf8.count)) + text
    }

    private func line(_ text: String) { write(text + "\n") }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count)
    }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// What attackers write reaches the terminal as text only.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.value < 32 || $0.value == 127 || (128..<160).contains($0.value) ? "\u{FFFD}" : $0
                }))
    }

    private static func lines(_ text: String) -> (String, [String]) {
        let lines = text.split(separator: "\n").map { visible(String($0)) }
        return (lines.first ?? "", Array(lines.dropFirst()))
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.utf8.count))
    }
}

/// A proof that did not hold.
struct Unproved: Error {
    let what: String
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }) }
}
