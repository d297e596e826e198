import CordonTesting

@testable import AgentEnforce

/// What comes to the enforcer when it looks at a process, and from the process that matches rules for it.
extension FuzzEntry {
    static let looks: [FuzzEntry] = [
        FuzzEntry(name: "memory-map") { bytes in
            let map = MemoryMap(String(decoding: bytes, as: UTF8.self))
            for mapping in map.mappings {
                try hold(mapping.start < mapping.end, "a mapping has a size")
                try hold(map.names.indices.contains(mapping.name), "its name is known")
            }
        },
        FuzzEntry(name: "yara-answer") { bytes in
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            guard let answer = try? YaraChild.answer(lines) else { return }
            let names = answer.matches.map(\.rule) + answer.matches.flatMap { $0.strings.map(\.name) }
            try hold(
                names.allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } },
                "nothing but names comes out of it")
        },
    ]
}
