import Testing

/// The entries of `./dev fuzz` on their seeds, among which are the inputs that once broke something.
@Suite("Seeds of the fuzzer")
struct SeedTests {
    private static let folder =
        String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex)) + "/Seeds"

    @Test("hold", arguments: FuzzEntry.names)
    func hold(_ name: String) throws {
        let entry = try #require(FuzzEntry.all.first { $0.name == name })
        let seeds = try entry.seeds(in: Self.folder)
        #expect(!seeds.isEmpty, "\(name) has no seeds")
        for seed in seeds + [[]] {
            #expect(throws: Never.self, "\(String(decoding: seed.prefix(200), as: UTF8.self))") { try entry.run(seed) }
        }
    }

    @Test("lie in folders that are named for entries: ./dev fuzz lists them by these")
    func folders() { #expect(SeedFiles.names(Self.folder) == FuzzEntry.names) }
}
