import ControllerFleet
import CordonModel
import CordonOrders
import CordonScan
import CordonTesting
import CordonTrust
import FoundationEssentials
import Testing

/// `cordon key` and `cordon approve ORDER --key`: the real `cordon`.
@Suite("Keys of people")
struct KeyCommandTests {
    @Test("a person's key is made for that person alone, and the policy root lists it and takes it off again")
    func listing() async throws {
        let scratch = try Scratch()
        let folder = scratch.path + "/fleet"
        let root = scratch.path + "/root.key"
        _ = try FleetSetup.create(
            folder: folder, fleetName: "acme", addresses: ["127.0.0.1"], rootKeyFile: root,
            at: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
        let list = "\(folder)/\(FleetKeys.File.keySet)"
        func run(_ arguments: [String]) async throws -> Program.Outcome {
            try await Program.start(Program.cordon, arguments, environment: ["HOME": scratch.path])
        }
        for person in ["ann", "bob"] {
            #expect(try await run(["key", "create", "\(scratch.path)/\(person)"]).status == 0)
            let mode = try FileManager.default.attributesOfItem(atPath: "\(scratch.path)/\(person)")[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
        #expect(try await run(["key", "create", "\(scratch.path)/ann"]).status == 2, "a key is never overwritten")
        let made = try await run(["key", "create", "\(scratch.path)/cleo", "--json"]).output
        let cleo = try KeyFile.verifyingKey(at: "\(scratch.path)/cleo.pub")
        #expect(try JSONValue.parse(made)["key"]?.text == HexDigit.text(cleo.id), "\(made)")
        let new = scratch.path + "/new.signed"
        let change = try await run([
            "key", "approvers", list, "--root", root, "--add", "ann=\(scratch.path)/ann.pub", "--add",
            "bob=\(scratch.path)/bob.pub", "--for", "30d", "--out", new,
        ])
        #expect(change.status == 0 && change.output.contains("ann"), "\(change.errors)")
        let key = try KeyFile.verifyingKey(at: "\(folder)/\(FleetKeys.File.policyRoot)")
        let document = try KeyDocument(signed: try KeyFile.read(new, secret: false), by: key)
        #expect(document.version == 2 && document.approvers.map(\.person) == ["ann", "bob"])
        let ann = try KeyFile.signingKey(at: "\(scratch.path)/ann")
        #expect(document.approvers.first?.key == .ed25519(ann.verifyingKey))

        let less = scratch.path + "/less.signed"
        let removed = try await run(["key", "approvers", new, "--root", root, "--remove", "ann", "--out", less])
        #expect(removed.status == 0, "\(removed.errors)")
        let rest = try KeyDocument(signed: try KeyFile.read(less, secret: false), by: key)
        #expect(rest.version == 3 && rest.approvers.map(\.person) == ["bob"])
        let twice = try await run([
            "key", "approvers", new, "--root", root, "--add", "mia=\(scratch.path)/ann.pub", "--out", less,
        ])
        #expect(twice.status == 2 && twice.errors.contains("twice"), "one key is never two people's: \(twice.errors)")
        let stranger = try await run(["key", "approvers", new, "--root", "\(scratch.path)/ann"])
        #expect(stranger.status == 2, "a list that another root signed is not shown as this root's")
    }

    @Test(
        "a passkey is listed by the line that its owner hands over, for a time where one is given; any other line is not"
    )
    func passkeys() async throws {
        let scratch = try Scratch()
        let folder = scratch.path + "/fleet"
        let root = scratch.path + "/root.key"
        _ = try FleetSetup.create(
            folder: folder, fleetName: "acme", addresses: ["127.0.0.1"], rootKeyFile: root,
            at: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
        let (list, new) = ("\(folder)/\(FleetKeys.File.keySet)", scratch.path + "/new.signed")
        let passkey = try SoftAuthenticator().passkey
        func run(_ entry: String, _ more: [String] = []) async throws -> Program.Outcome {
            try await Program.start(
                Program.cordon, ["key", "approvers", list, "--root", root, "--passkey", entry, "--out", new] + more,
                environment: ["HOME": scratch.path])
        }
        for entry in [
            "ann=", "ann=\(passkey.line.dropLast())", "ann=\(passkey.line)A", "Ann=\(passkey.line)", passkey.line,
        ] {
            let refused = try await run(entry)
            #expect(refused.status == 2 && !refused.errors.isEmpty, "\(entry)")
        }
        #expect(!FileManager.default.fileExists(atPath: new))
        let listed = try await run("ann=\(passkey.line)", ["--for", "30d"])
        #expect(listed.status == 0 && listed.output.contains("passkey of cordon.example"), "\(listed.errors)")
        #expect(listed.output.contains(HexDigit.text(passkey.id)), "people compare its name")
        let key = try KeyFile.verifyingKey(at: "\(folder)/\(FleetKeys.File.policyRoot)")
        let document = try KeyDocument(signed: try KeyFile.read(new, secret: false), by: key)
        #expect(document.approvers.first?.passkey == passkey && document.approvers.first?.expiresAt != nil)
    }

    @Test(
        "an order is signed with a person's own key, once it was shown; any other key is told that nobody believes it")
    func signing() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let order = try await fixture.order(.isolate(Isolation(duration: .seconds(60))))
        let scratch = try Scratch()
        try KeyFile.write(WebFixture.approver, to: "\(scratch.path)/ann")
        try KeyFile.write(SigningKey(), to: "\(scratch.path)/mallory")
        try await desk.serve(fixture, as: .responder) { run in
            let stranger = try await run(["approve", "\(order.id)", "--key", "\(scratch.path)/mallory", "--yes"], "")
            #expect(stranger.status == 1 && stranger.errors.contains("policy root"), "\(stranger.errors)")
            let unsure = try await run(["approve", "\(order.id)", "--key", "\(scratch.path)/ann"], "no\n")
            #expect(unsure.status == 1 && unsure.errors.contains("duration_s = 60"), "\(unsure.errors)")
            let signed = try await run(["approve", "\(order.id)", "--key", "\(scratch.path)/ann"], "yes\n")
            #expect(signed.status == 0 && signed.output.contains("Signed by ann"), "\(signed.errors)")
            let shown = try await run(["order", "show", "\(order.id)", "--json"], "")
            #expect(try JSONValue.parse(shown.output)["approved_by"]?.texts == ["ann"])
            #expect(try await run(["approve", "C-1"], "").status == 2, "a task needs a reason")
            #expect(try await run(["approve", "C-1", "--key", "\(scratch.path)/ann"], "").status == 2)
        }
    }
}
