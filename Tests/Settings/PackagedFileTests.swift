internal import CordonSettings
internal import Testing

@Suite("The files that the packages install")
struct PackagedFileTests {
    private static let folder =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/packaging/etc"

    @Test(
        "hold nothing but comments, and each default that they comment out is a setting",
        arguments: [
            ("agent.toml", "[source.auth]"), ("enforcer.toml", "agent_user"), ("controller.toml", "[listen]"),
            ("policy.d/00-default.toml", "never_isolate"),
        ])
    func commentedDefaults(_ name: String, _ expected: String) throws {
        let asInstalled = try Settings.load(file: "\(Self.folder)/\(name)", required: true)
        try asInstalled.finish()
        let bytes = try #require(asInstalled.sources.first).bytes
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap(Self.uncommented)
        #expect(lines.contains { $0.hasPrefix(expected) })
        _ = try Settings.parse(lines.joined(separator: "\n"), named: name)
    }

    /// What a line comments out: a section or a key; `nil` for prose.
    private static func uncommented(_ line: Substring) -> Substring? {
        guard line.hasPrefix("# ") else { return nil }
        let text = line.dropFirst(2)
        let key = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return text.hasPrefix("[") || text.dropFirst(key.count).hasPrefix(" = ") ? text : nil
    }
}
