import ControllerFleet
import ControllerStore
import CordonModel
import CordonTrust
import Glibc
import Logging
import Testing

@Suite("Fleet files")
struct SetupTests {
    let scratch = ScratchFolder()
    private let now = TestClock().now

    private func create(_ folder: String) throws -> FleetSetup.Outcome {
        try FleetSetup.create(
            folder: folder, fleetName: "acme", addresses: ["10.0.0.1", "soc.example"], rootKeyFile: "\(folder).root",
            at: now)
    }

    @Test("a new fleet can be loaded, its root key lies apart and nobody else can read any secret")
    func creates() throws {
        let outcome = try create(scratch.path)
        #expect(outcome.notice.contains("\(scratch.path).root"))
        let keys = try FleetKeys.load(folder: scratch.path)
        #expect(keys.fleet == "acme")
        #expect(keys.description.names == ["soc.example"])
        let root = try KeyFile.signingKey(at: "\(scratch.path).root")
        #expect(root.verifyingKey == keys.policyRoot)
        for secret in ["authority.key", "controller.key", "order.key", "audit.key"].map({ "\(scratch.path)/\($0)" }) + [
            "\(scratch.path).root"
        ] {
            // Reads nothing that group or others may use.
            #expect(throws: Never.self) { _ = try KeyFile.read(secret, secret: true) }
        }
        let files = try String(decoding: Command.run("/bin/ls", [scratch.path]), as: UTF8.self)
        #expect(!files.contains("policy-root.key"))
    }

    @Test("a second init changes nothing")
    func refusesSecond() throws {
        _ = try create(scratch.path)
        let before = try KeyFile.read("\(scratch.path)/order.key")
        let error = #expect(throws: FleetError.self) { _ = try create(scratch.path) }
        #expect(error?.code == "fleet.exists")
        #expect(try KeyFile.read("\(scratch.path)/order.key") == before)
    }

    @Test(
        "a folder without a fleet, with a foreign file or without one is told of by name",
        arguments: [
            ("fleet.json", "fleet.not_initialised"), ("order-keys.signed", "trust.file_missing"),
            ("order.key", "fleet.bad_key_set"),
        ])
    func refusesBroken(file: String, code: String) throws {
        _ = try create(scratch.path)
        unsafe unlink("\(scratch.path)/\(file)")
        if file == "order.key" { try KeyFile.write(SigningKey(), to: "\(scratch.path)/\(file)") }
        let error = #expect(throws: (any Error).self) { _ = try FleetKeys.load(folder: scratch.path) }
        #expect((error as? any ActionableError)?.code == code)
    }

    @Test(
        "a folder that cannot be used is told of with the reason",
        arguments: [
            ("/nonexistent/parent/folder", "folder.missing"), ("/dev/null", "folder.not_a_folder"),
            ("/proc/self", "folder.missing"),
        ])
    func refusesFolders(path: String, code: String) {
        let error = #expect(throws: FleetError.self) { try DataFolder.make(path) }
        #expect(error?.code == code)
    }

    @Test("a port in use is told of with its address")
    func refusesPortInUse() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let second = try LinkServer(
                fleet: controller.fleet, listen: Endpoint(.v4(0x7F00_0001), port: controller.port))
            let error = await #expect(throws: FleetError.self) { try await second.run() }
            #expect(error?.code == "link.port_in_use")
            #expect(error?.message.contains("127.0.0.1:\(controller.port)") == true)
        }
    }
}
