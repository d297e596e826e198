internal import CordonModel

/// One thing that an action is told: its name, and what it may be. The API's document, the checks of what comes over the
/// wire and Documentation/actions.md are all made from it.
package struct Parameter: Sendable, Hashable {
    package let name: String
    package let kind: Kind
    package let isRequired: Bool
    /// For people: what it means.
    package let summary: String
    /// What holds where it is not given, as it would be written; `nil` where that is nothing that could be.
    package let usual: String?
    /// A value that may be given, as it is written in `name=value`.
    package let example: String

    /// What a value may be.
    package enum Kind: Sendable, Hashable {
        case number(ClosedRange<Int64>)
        case bytes(ClosedRange<Int64>)
        /// Whole seconds.
        case seconds(ClosedRange<Int64>)
        /// An absolute path in at most 4,096 bytes (PATH_MAX), without NUL.
        case path
        /// An address or CIDR network whose host bits are zero.
        case network
        case choice([String])
        case flag
        /// SHA-256 in 64 lower-case hexadecimal digits.
        case digest
        /// A UUID (RFC 9562).
        case identifier
        /// A name of a user as Debian's `adduser` and most others make it: at most 32 bytes of letters, digits, `_`, `-`
        /// and `.`, neither a digit nor `-` first.
        case userName
        /// A systemd unit that can be stopped, with its suffix, as `cron.service`: at most 255 bytes (systemd.unit(5)), no
        /// template without its instance.
        case unitName
        /// SHA-256 of an SSH key as OpenSSH writes it: `SHA256:` and 43 characters of base64.
        case keyFingerprint
        /// Up to 32 lower-case letters, digits, `-` and `_`.
        case label
        /// Networks in a form that `AddressList` reads. What they say is looked at when the action is made of them.
        case networks
        /// A domain's name, as `DomainName` reads it.
        case domain
        /// Ranges of TCP or UDP ports with commas between, as `PortRange` reads them.
        case ports
        /// One line of a file, as text: without control characters but the tab.
        case line
        /// A line of at most so many bytes, without control characters.
        case words(Int)
        /// A text of many lines, of at most so many bytes, without NUL.
        case document(Int)
    }

    static func required(_ name: String, _ kind: Kind, _ summary: String, example: String? = nil) -> Parameter {
        Parameter(
            name: name, kind: kind, isRequired: true, summary: summary, usual: nil, example: example ?? kind.example)
    }

    static func optional(
        _ name: String, _ kind: Kind, _ summary: String, usual: String? = nil, example: String? = nil
    ) -> Parameter {
        Parameter(
            name: name, kind: kind, isRequired: false, summary: summary, usual: usual,
            example: example ?? usual ?? kind.example)
    }

    /// How long something lasts that ends by itself.
    static let duration = required(
        "duration_s", .seconds(1...longestDuration), "How long; the host ends it by itself afterwards.")

    /// Which order's effect an undo ends.
    static let undone = required("order", .identifier, "The order whose effect is undone.")

    /// Longest duration of an order's effect, seconds: a year.
    package static let longestDuration: Int64 = 366 * 86_400
    /// Longest path, bytes.
    package static let longestPath = 4096
    /// Longest line, bytes: cron takes no command of more than a thousand.
    package static let longestLine = 2048

    static func isLine(_ text: String) -> Bool {
        (1...longestLine).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
    }

    static func isLine(_ text: String, most: Int) -> Bool {
        (1...most).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    static func isPath(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "/") && text.utf8.count <= longestPath && !text.utf8.contains(0)
    }

    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    static func isUserName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (1...32).contains(text.utf8.count) else { return false }
        let letters = text.utf8.allSatisfy { isLetterOrDigit($0) || [0x5F, 0x2D, 0x2E].contains($0) }
        return letters && first != 0x2D && !(0x30...0x39).contains(first) && text != "." && text != ".."
    }

    static func isLabel(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || [0x2D, 0x5F].contains($0)
            }
    }

    static func isUnitName(_ text: String) -> Bool {
        let suffixes = [".service", ".socket", ".timer", ".path"]
        guard let suffix = suffixes.first(where: { text.hasSuffix($0) }), text.utf8.count <= 255 else { return false }
        let stem = text.utf8.dropLast(suffix.utf8.count)
        // `:`, `-`, `_`, `.`, `\` and `@`, as systemd.unit(5) has it.
        let at: UInt8 = 0x40
        return !stem.isEmpty && stem.first != 0x2D && stem.first != 0x2E && stem.first != at && stem.last != at
            && stem.allSatisfy { isLetterOrDigit($0) || [0x3A, 0x2D, 0x5F, 0x2E, 0x5C, 0x40].contains($0) }
    }

    static func isKeyFingerprint(_ text: String) -> Bool {
        let prefix = "SHA256:"
        guard text.hasPrefix(prefix), text.utf8.count == prefix.utf8.count + 43 else { return false }
        // The last holds four bits: 32 bytes are 43 characters less two bits.
        let coded = text.utf8.dropFirst(prefix.utf8.count)
        return coded.allSatisfy { isLetterOrDigit($0) || $0 == 0x2B || $0 == 0x2F }
            && "AEIMQUYcgkosw048".utf8.contains(coded.last ?? 0)
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
