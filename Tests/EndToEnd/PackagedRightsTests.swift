import CordonTesting
import Testing

@Suite("the lab's daemons have the rights of the packaged ones")
struct PackagedRightsTests {
    private static let units =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/packaging/systemd"

    @Test("the enforcer has those that its unit leaves it")
    func enforcer() throws {
        let lines = Scratch.text(of: "\(Self.units)/cordon-enforcer.service").split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("CapabilityBoundingSet=") })
        let rights = line.split(separator: "=").last?.split(separator: " ").map { $0.dropFirst(4).lowercased() }
        #expect(rights.map(Set.init) == Set(LabHost.enforcerCapabilities))
    }
}
