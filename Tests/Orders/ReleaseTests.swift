import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import Testing

@Suite("Releases")
struct ReleaseTests {
    static let good = Release(
        fleet: "acme", version: "1:0.2.0~rc1-1", architecture: "amd64", createdAt: Timestamp(seconds: 10),
        expiresAt: Timestamp(seconds: 20),
        files: [.init(package: "cordon-agent", size: 12, sha256: [UInt8](repeating: 7, count: 32))])

    @Test("what was signed is read as it was written, and by the root that signed it only")
    func roundTrip() throws {
        let (root, other) = (SigningKey(), SigningKey())
        let signed = try ReleaseEnvelope(signing: Self.good.serialized(), with: root).serialized()
        let read = try ReleaseEnvelope(serialized: signed)
        let release = try read.opened(by: root.verifyingKey)
        #expect(release == Self.good)
        #expect(throws: WireError.self) { try read.opened(by: other.verifyingKey) }
        for place in signed.indices {
            var altered = signed
            altered[place] ^= 1
            let isTaken = (try? ReleaseEnvelope(serialized: altered).opened(by: root.verifyingKey)) != nil
            #expect(!isTaken, "the byte \(place)")
        }
    }

    @Test(
        "what is beyond the limits is no release",
        arguments: [
            { $0.version = "" }, { $0.version = "v1" }, { $0.version = "1 2" }, { $0.version = "1/../2" },
            { $0.version = "1" + String(repeating: "0", count: 100) }, { $0.architecture = "amd64\n" },
            { $0.architecture = "" }, { $0.fleet = "" }, { $0.files = [] },
            { $0.files = $0.files + $0.files }, { $0.files[0].size = 0 }, { $0.files[0].size = (256 << 20) + 1 },
            { $0.files[0].package = "../x" }, { $0.files[0].package = "-o" }, { $0.files[0].sha256.removeLast() },
            { $0.expiresAt = $0.createdAt },
            { release in
                release.files = (0..<9).map { .init(package: "p\($0)", size: 1, sha256: release.files[0].sha256) }
            },
        ] as [@Sendable (inout Release) -> Void])
    func limits(spoil: @Sendable (inout Release) -> Void) throws {
        var release = Self.good
        spoil(&release)
        let bytes = try release.serialized()
        #expect(release.fault != nil)
        #expect(throws: WireError.self) { try Release(serialized: bytes) }
    }
}
