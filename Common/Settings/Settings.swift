/// The settings of one daemon: a file and its drop-ins, merged key by key, later files winning.
///
/// Unknown keys stop the start: read every section through a ``SettingsSection``, then call ``finish(_:)``.
package struct Settings: Sendable {
    /// The files that were read, in order, as they were: for hashes and messages.
    package private(set) var sources: [(path: String, bytes: [UInt8])] = []
    /// What lies in the drop-in folder, is not hidden, and was not read: its name does not end in `.toml`.
    package private(set) var passedOver: [String] = []
    private var entries: [String: [String: SettingsEntry]] = [:]
    private var sectionOrigins: [String: String] = [:]

    /// Reads the file and, in the order of their names, the `*.toml` files of the drop-in folder.
    /// - Parameters:
    ///   - file: may be absent unless `required`.
    ///   - dropIns: a folder; may be absent.
    /// - Throws: ``SettingsError`` with file and line.
    package static func load(
        file: String?, dropIns: String? = nil, required: Bool = false
    ) throws(SettingsError) -> Settings {
        var settings = Settings()
        if let file {
            if let bytes = try SettingsFile.read(file) {
                try settings.add(path: file, bytes: bytes)
            } else if required {
                throw SettingsError("missing", at: file, "The file is not there.", remedy: "Make it, or name another.")
            }
        }
        let found = try SettingsFile.dropIns(dropIns)
        settings.passedOver = found.passedOver
        for path in found.taken {
            if let bytes = try SettingsFile.read(path) { try settings.add(path: path, bytes: bytes) }
        }
        return settings
    }

    /// Settings of text that is already there, as in tests and defaults.
    package static func parse(_ text: String, named name: String = "settings") throws(SettingsError) -> Settings {
        var settings = Settings()
        try settings.add(path: name, bytes: Array(text.utf8))
        return settings
    }

    private mutating func add(path: String, bytes: [UInt8]) throws(SettingsError) {
        var parser = SettingsParser(file: path, bytes: bytes)
        try parser.parse()
        sources.append((path, bytes))
        for (section, found) in parser.entries {
            entries[section, default: [:]].merge(found) { _, later in later }
        }
        sectionOrigins.merge(parser.sectionOrigins) { _, later in later }
    }

    /// A section to read from; empty when no file has it. `""` is what stands before the first section.
    package func section(_ name: String) -> SettingsSection {
        SettingsSection(name: name, origin: sectionOrigins[name] ?? "[\(name)]", entries: entries[name] ?? [:])
    }

    /// Whether a file has the section, be it without a key.
    package func has(_ section: String) -> Bool { sectionOrigins[section] != nil }

    /// The parts of all sections named `prefix.PART`, in order: `["auth"]` for `[source.auth]`.
    package func parts(of prefix: String) -> [String] {
        entries.keys.filter { $0.hasPrefix(prefix + ".") }.map { String($0.dropFirst(prefix.utf8.count + 1)) }.sorted()
    }

    /// Refuses every key and section that was not read.
    package func finish(_ sections: SettingsSection...) throws(SettingsError) {
        try finish(sections)
    }

    /// Refuses every key and section that was not read.
    package func finish(_ sections: [SettingsSection]) throws(SettingsError) {
        for section in sections { try section.refuseUnread() }
        let known = Set(sections.map(\.name))
        for name in entries.keys.sorted() where !known.contains(name) {
            let first = entries[name]?.values.map(\.origin).min(by: SettingsEntry.isEarlier) ?? name
            throw SettingsError(
                "unknown_section", at: sectionOrigins[name] ?? first,
                name.isEmpty ? "No key may stand before the first [section]." : "The section [\(name)] is not known.",
                remedy: "Known are: \(known.sorted().map { $0.isEmpty ? "(top)" : "[\($0)]" }.joined(separator: ", "))."
            )
        }
    }
}
