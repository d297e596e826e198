import ControllerAPI
import ControllerFleet
import CordonModel
import CordonOrders
import CordonScan
import CordonTesting
import CordonTrust
import FoundationEssentials
import Testing

/// The real `cordon upgrade` on real packages, made by dpkg-deb, against the real API on loopback.
@Suite("Upgrades at the command line", .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/dpkg-deb")))
struct UpgradeCommandTests {
    /// Two packages of one version, with content that no other has.
    private static func packages(_ version: String, in folder: String, architecture: String = "amd64") throws
        -> [String]
    {
        try ["cordon-agent", "cordon-enforcer"].map { name in
            let tree = "\(folder)/\(name)-\(version)"
            try FileManager.default.createDirectory(atPath: "\(tree)/DEBIAN", withIntermediateDirectories: true)
            let control = """
                Package: \(name)
                Version: \(version)
                Architecture: \(architecture)
                Maintainer: Nobody <nobody@example.org>
                Description: none

                """
            try Data(control.utf8).write(to: URL(filePath: "\(tree)/DEBIAN/control"))
            // Not to be compressed away: several parts are sent.
            let bytes = (0..<1_200_000).map { _ in UInt8.random(in: 0...255) }
            try Data(bytes).write(to: URL(filePath: "\(tree)/payload"))
            let path = "\(folder)/\(name)_\(version)_\(architecture).deb"
            let made = try Program.run("/usr/bin/dpkg-deb", ["--root-owner-group", "--build", tree, path])
            try #require(made.status == 0, "\(made.errors)")
            return path
        }
    }

    @Test("signs, adds, lists, starts, holds, goes on, ends and removes, and says what is wrong in between")
    func story() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let folder = FileManager.default.temporaryDirectory.path + "/cordon-upgrade-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let debs = try Self.packages("0.2.0", in: folder)
        let others = try Self.packages("0.3.0", in: folder)
        let (root, out) = ("\(fixture.web.folder).root", "\(folder)/x.release")
        try await desk.serve(fixture, as: .administrator) { run in
            let sign = ["upgrade", "sign", "--root", root, "--fleet", "acme", "--out", out]
            let mixed = try await run(sign + [debs[0], others[1]], "")
            #expect(mixed.status == 2 && mixed.errors.contains("not all of one version"), "\(mixed.errors)")
            let none = try await run(sign + [root], "")
            #expect(none.status == 2 && none.errors.contains("is no Debian package"), "\(none.errors)")
            let signed = try await run(sign + debs, "")
            #expect(signed.status == 0, "\(signed.errors)")
            let envelope = try ReleaseEnvelope(serialized: Array(Data(contentsOf: URL(filePath: out))))
            let release = try envelope.opened(by: KeyFile.signingKey(at: root).verifyingKey)
            #expect(release.version == "0.2.0" && release.architecture == "amd64" && release.files.count == 2)
            // Another deb than the one that was signed.
            let wrong = try await run(["upgrade", "add", out, debs[0], others[1]], "")
            #expect(wrong.status == 2 && wrong.errors.contains("None of the files is the cordon-enforcer"))
            let part = try await run(["upgrade", "releases"], "")
            #expect(part.output.contains("in part"))
            let early = try await run(["upgrade", "start", "0.2.0"], "")
            #expect(early.status == 1 && early.errors.contains("are missing"), "\(early.errors)")
            let added = try await run(["upgrade", "add", out] + debs, "")
            #expect(added.status == 0, "\(added.errors)")
            let listed = try await run(["upgrade", "releases", "--json"], "")
            #expect(try JSONValue.parse(listed.lines.first.map(String.init) ?? "")["is_whole"]?.flag == true)
            let astray = try await run(["upgrade", "start", "0.2.0", "--rings", "canray,*"], "")
            #expect(astray.status == 1 && astray.errors.contains("There is no group of hosts"), "\(astray.errors)")
            let begun = try await run(["upgrade", "start", "0.2.0", "--rings", "web,*", "--soak", "4h"], "")
            #expect(begun.status == 0 && begun.output.contains("1. web (at it): 2 waiting"), "\(begun.output)")
            for (verb, state) in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")] {
                let step = try await run(["upgrade", verb, "--json"], "")
                #expect(try JSONValue.parse(step.lines.first.map(String.init) ?? "")["state"]?.text == state)
            }
            let over = try await run(["upgrade", "pause"], "")
            #expect(over.status == 1 && over.errors.contains("is cancelled"))
            let status = try await run(["upgrade", "status", "--hosts"], "")
            #expect(status.status == 0 && status.output.contains("web-1"), "\(status.output)")
            let calm = try await run(["upgrade", "status"], "")
            #expect(calm.status == 0 && !calm.output.contains("web-1"), "it needs no look: \(calm.output)")
            let whole = try await run(["upgrade", "status", "--json"], "")
            #expect(try JSONValue.parse(whole.output)["hosts"]?.array?.count == 2, "\(whole.output)")
            let removed = try await run(["upgrade", "remove", "0.2.0"], "")
            #expect(removed.status == 0, "\(removed.errors)")
            let gone = try await run(["upgrade", "remove", "0.2.0"], "")
            #expect(gone.status == 5)
        }
    }

    @Test("what another root signed is refused, and so is a responder who would begin an upgrade")
    func refusals() async throws {
        let desk = try Desk()
        let fixture = try await APIFixture()
        let sample = try ReleaseSample(fixture)
        let path = FileManager.default.temporaryDirectory.path + "/cordon-forged-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let forged = try ReleaseEnvelope(signing: sample.release.serialized(), with: SigningKey())
        try Data(forged.serialized()).write(to: URL(filePath: path))
        try await desk.serve(fixture, as: .administrator) { run in
            let refused = try await run(["upgrade", "add", path], "")
            #expect(refused.status == 1 && refused.errors.contains("policy root did not sign it"), "\(refused.errors)")
        }
        try await desk.serve(fixture, as: .responder) { run in
            let refused = try await run(["upgrade", "start", "1.0"], "")
            #expect(refused.status == 1 && refused.errors.contains("administrator"), "\(refused.errors)")
        }
    }
}
