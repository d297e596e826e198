package import CordonModel

/// One section being read. Reading a key marks it as known; a malformed value is an error, never a default.
package struct SettingsSection: Sendable {
    /// Without brackets.
    package let name: String
    /// `file:line` of its head, or its name when no file has it.
    package let origin: String
    private let entries: [String: SettingsEntry]
    private var read: Set<String> = []

    init(name: String, origin: String, entries: [String: SettingsEntry]) {
        self.name = name
        self.origin = origin
        self.entries = entries
    }

    /// Whether the key stands in a file.
    package func has(_ key: String) -> Bool { entries[key] != nil }

    /// `file:line` of the key, for messages that name a rule; the section's name where the built-in default holds.
    package func origin(of key: String) -> String { entries[key]?.origin ?? "built-in default of \(path(key))" }

    /// The key's text; an error when it is absent.
    package mutating func text(_ key: String) throws(SettingsError) -> String {
        guard let text = try optionalText(key) else {
            throw SettingsError(
                "missing", at: origin, "\(path(key)) is missing.", remedy: "Add \(key) = \"…\" to [\(name)].")
        }
        return text
    }

    /// The key's text, or the default when it is absent.
    package mutating func text(_ key: String, default fallback: String) throws(SettingsError) -> String {
        try optionalText(key) ?? fallback
    }

    /// The key's text, if it is there.
    package mutating func optionalText(_ key: String) throws(SettingsError) -> String? {
        guard let entry = take(key) else { return nil }
        guard case .text(let text) = entry.value else { throw mismatch(key, entry, "a text in double quotes") }
        return text
    }

    /// The key's whole number.
    package mutating func integer(
        _ key: String, default fallback: Int64, in range: ClosedRange<Int64>
    ) throws(SettingsError) -> Int64 {
        guard let entry = take(key) else { return fallback }
        guard case .integer(let number) = entry.value else { throw mismatch(key, entry, "a whole number") }
        guard range.contains(number) else {
            throw mismatch(key, entry, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The key's true or false.
    package mutating func flag(_ key: String, default fallback: Bool) throws(SettingsError) -> Bool {
        guard let entry = take(key) else { return fallback }
        guard case .flag(let flag) = entry.value else { throw mismatch(key, entry, "true or false") }
        return flag
    }

    /// The key's duration: text like `"30s"`, `"15m"`, `"24h"`, `"30d"`.
    package mutating func duration(
        _ key: String, default fallback: Duration,
        in range: ClosedRange<Duration> = .zero ... .seconds(100 * 365 * 86_400)
    ) throws(SettingsError) -> Duration {
        guard let entry = take(key) else { return fallback }
        guard case .text(let text) = entry.value, let duration = Duration(spelled: text) else {
            throw mismatch(key, entry, #"a duration like "30s", "15m", "24h" or "30d""#)
        }
        guard range.contains(duration) else {
            throw mismatch(key, entry, "a duration from \(range.lowerBound.spelled) to \(range.upperBound.spelled)")
        }
        return duration
    }

    /// The key's list of texts.
    package mutating func texts(_ key: String, default fallback: [String]) throws(SettingsError) -> [String] {
        try list(key, default: fallback, of: "texts in double quotes") { $0 }
    }

    /// The key's list of addresses and CIDR networks.
    package mutating func networks(_ key: String, default fallback: [Network]) throws(SettingsError) -> [Network] {
        try list(key, default: fallback, of: "addresses or CIDR networks without host bits") { Network($0) }
    }

    /// The key's list of `address:port`.
    package mutating func endpoints(_ key: String, default fallback: [Endpoint]) throws(SettingsError) -> [Endpoint] {
        try list(key, default: fallback, of: #"address:port texts, as "192.0.2.1:7443" or "[2001:db8::1]:7443""#) {
            Endpoint($0)
        }
    }

    /// The key's list, every item read by the closure; `nil` from it is an error.
    package mutating func list<Item>(
        _ key: String, default fallback: [Item], of kind: String, read: (String) -> Item?
    ) throws(SettingsError) -> [Item] {
        guard let entry = take(key) else { return fallback }
        guard case .list(let values) = entry.value else { throw mismatch(key, entry, "a [list] of \(kind)") }
        var items: [Item] = []
        for value in values {
            guard case .text(let text) = value, let item = read(text) else {
                throw mismatch(key, entry, "a [list] of \(kind)")
            }
            items.append(item)
        }
        return items
    }

    func refuseUnread() throws(SettingsError) {
        for (key, entry) in entries.sorted(by: { SettingsEntry.isEarlier($0.value.origin, $1.value.origin) })
        where !read.contains(key) {
            throw SettingsError(
                "unknown_key", at: entry.origin, "\(path(key)) is not known.",
                remedy: read.isEmpty ? "" : "Known are: \(read.sorted().joined(separator: ", "))."
            )
        }
    }

    private mutating func take(_ key: String) -> SettingsEntry? {
        read.insert(key)
        return entries[key]
    }

    private func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    private func mismatch(_ key: String, _ entry: SettingsEntry, _ expected: String) -> SettingsError {
        SettingsError("malformed", at: entry.origin, "\(path(key)) must be \(expected); it is \(entry.value.kind).")
    }
}
