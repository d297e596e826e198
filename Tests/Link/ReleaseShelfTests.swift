import ControllerFleet
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import Glibc
import Testing

@Suite("Releases at the controller", .serialized, .timeLimit(.minutes(2)))
struct ReleaseShelfTests {
    let scratch = ScratchFolder()

    private static func code(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch { return (error as? FleetError)?.code ?? "\(error)" }
    }

    @Test(
        "only what this fleet's root signed is taken: not another root's, an altered byte, another fleet's, an old one")
    func signatures() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let now = controller.clock.now
            let root = try controller.root
            let good = try TestRelease("1.0", at: now).signed(by: root)
            var expired = TestRelease("1.0", at: now)
            expired.release.createdAt = now - .seconds(100)
            expired.release.expiresAt = now - .seconds(1)
            var huge = TestRelease("1.0", at: now)
            huge.release.files[0].size = Release.mostBytes + 1
            var bad: [[UInt8]] = [
                [], [1, 2, 3], [UInt8](repeating: 0, count: Release.mostSigned + 1),
                try TestRelease("1.0", at: now).signed(by: SigningKey()),
                try TestRelease("1.0", fleet: "other", at: now).signed(by: root),
                try expired.signed(by: root), try huge.signed(by: root),
                // The order key is the controller's own: it signs no release.
                try TestRelease("1.0", at: now).signed(by: controller.keys.orderKey),
            ]
            for place in stride(from: 0, to: good.count, by: 7) {
                var altered = good
                altered[place] ^= 0x40
                bad.append(altered)
            }
            for signed in bad {
                let code = await Self.code { _ = try await controller.fleet.addRelease(signed, by: Controller.admin) }
                #expect(code == "release.invalid")
            }
            let none = await controller.fleet.releases()
            #expect(none.isEmpty)
            _ = try await controller.fleet.addRelease(good, by: Controller.admin)
            let verbs = try await controller.verbs(of: "release:1.0")
            #expect(verbs == ["release.added"])
        }
    }

    @Test("packages come in parts, go on after a break, and are taken only when their sum is the one that was signed")
    func packages() async throws {
        let path = scratch.path
        let made = try await Controller.serve(in: path) { controller in
            let made = TestRelease("1.0", at: controller.clock.now)
            let (file, bytes) = (made.release.files[0], made.packages[0])
            let unnamed = await Self.code { try await controller.send(bytes, of: file.sha256) }
            #expect(unnamed == "release.unknown", "before the release")
            _ = try await controller.fleet.addRelease(try made.signed(by: controller.root), by: Controller.admin)
            var altered = bytes
            altered[500_000] ^= 1
            let wrong = await Self.code { try await controller.send(altered, of: file.sha256) }
            #expect(wrong == "release.altered")
            let long = await Self.code { try await controller.send(bytes + [0], of: file.sha256) }
            #expect(long == nil, "what is beyond the size is left out")
            let first = await controller.fleet.releases()[0]
            #expect(first.arrived == [600_000, 0] && !first.isWhole)
            return made
        }
        try await Controller.serve(in: path) { controller in
            let before = await controller.fleet.releases()[0]
            #expect(before.arrived == [600_000, 0], "what came is there after a restart")
            let none = await Self.code {
                _ = try await controller.fleet.startUpgrade(RolloutPlan(version: "1.0"), by: Controller.admin)
            }
            #expect(none == "upgrade.invalid", "packages are missing")
            for (file, bytes) in zip(made.release.files, made.packages) {
                try await controller.send(bytes, of: file.sha256, from: file == made.release.files[0] ? 600_000 : 0)
            }
            let whole = await controller.fleet.releases()[0]
            #expect(whole.isWhole)
            let again = try await controller.fleet.addPackagePart(
                [1, 2, 3], at: 0, of: made.release.files[0].sha256, by: Controller.admin)
            #expect(again == made.release.files[0].size, "what is whole stays as it is")
        }
    }

    @Test(
        "a full disk is told before the first byte, and on the way; what had come goes on once there is room",
        .enabled(if: geteuid() == 0, "mounting takes root"))
    func room() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let folder = "\(controller.keys.folder)/releases"
            // 64 MiB stay free of what is asked for beforehand.
            _ = try Command.run("/bin/mkdir", ["-m", "700", folder])
            _ = try Command.run("/bin/mount", ["-t", "tmpfs", "-o", "size=66m,mode=700", "tmpfs", folder])
            defer { _ = try? Command.run("/bin/umount", ["-l", folder]) }
            let now = controller.clock.now
            let (small, large) = (TestRelease("1.0", at: now), TestRelease("2.0", size: 1_500_000, at: now))
            let code = await Self.code {
                _ = try await controller.fleet.addRelease(try large.signed(by: controller.root), by: Controller.admin)
            }
            #expect(code == "release.no_room")
            _ = try await controller.fleet.addRelease(try small.signed(by: controller.root), by: Controller.admin)
            let (file, bytes) = (small.release.files[0], small.packages[0])
            _ = try await controller.fleet.addPackagePart(
                Array(bytes[..<300_000]), at: 0, of: file.sha256, by: Controller.admin)
            _ = try Command.run("/bin/cp", ["/dev/zero", "\(folder)/filler"])
            let full = await Self.code { try await controller.send(bytes, of: file.sha256, from: 300_000) }
            #expect(full == "release.no_room")
            _ = try Command.run("/bin/rm", ["\(folder)/filler"])
            let stock = await controller.fleet.releases()[0]
            #expect(stock.arrived[0] == 300_000, "no half of a part")
            try await controller.send(bytes, of: file.sha256, from: 300_000)
            let whole = await controller.fleet.releases()[0]
            #expect(whole.arrived[0] == file.size)
        }
    }

    @Test("the same packages may be signed again; others under the same version may not")
    func again() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let now = controller.clock.now
            var made = TestRelease("1.0", at: now)
            try await controller.add(made)
            made.release.expiresAt = now + .seconds(200_000)
            let stock = try await controller.fleet.addRelease(
                try made.signed(by: controller.root), by: Controller.admin)
            #expect(stock.isWhole && stock.record.release.expiresAt == made.release.expiresAt)
            let other = TestRelease("1.0", size: 5, at: now)
            let code = await Self.code {
                _ = try await controller.fleet.addRelease(try other.signed(by: controller.root), by: Controller.admin)
            }
            #expect(code == "release.exists")
        }
    }

    @Test("a release stays while hosts have it or are to get it, and is gone with its packages afterwards")
    func removal() async throws {
        try await Controller.serve(in: scratch.path) { controller in
            let now = controller.clock.now
            for version in ["1.0", "2.0"] { try await controller.add(TestRelease(version, at: now)) }
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.say(.unspecified, has: "1.0")
                _ = try await eventually("it says what it has") {
                    await controller.fleet.packagesInUse()[agent.id]?.installed == "1.0" ? true : nil
                }
                for version in ["1.0", "7.0"] {
                    let code = await Self.code {
                        try await controller.fleet.removeRelease(version, by: Controller.admin)
                    }
                    #expect(code == (version == "1.0" ? "release.in_use" : "release.unknown"))
                }
                _ = try await controller.fleet.startUpgrade(RolloutPlan(version: "2.0"), by: Controller.admin)
                let second = await Self.code {
                    _ = try await controller.fleet.startUpgrade(RolloutPlan(version: "1.0"), by: Controller.admin)
                }
                #expect(second == "upgrade.state", "one at a time")
                let held = await Self.code { try await controller.fleet.removeRelease("2.0", by: Controller.admin) }
                #expect(held == "release.in_use")
                _ = try await controller.fleet.stepUpgrade(.cancel, by: Controller.admin)
                try await controller.fleet.removeRelease("2.0", by: Controller.admin)
            }
            let left = await controller.fleet.releases().map(\.record.release.version)
            #expect(left == ["1.0"])
            let folder = "\(controller.keys.folder)/releases"
            let files = try Command.run("/usr/bin/find", [folder, "-type", "f"]).split(separator: 10)
            #expect(files.count == 2)
        }
    }
}
