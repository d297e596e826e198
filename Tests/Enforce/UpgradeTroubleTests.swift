import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import Testing

@testable import AgentEnforce

/// What comes in between.
extension UpgradeTests {
    // MARK: - Isolations

    @Test("an isolation that is released while the host is looked at keeps no upgrade from its end")
    func released() throws {
        let ground = try UpgradeGround(policy: Self.patient)
        #expect(try ground.execute(.isolate(Isolation(duration: .seconds(3600)))).outcome == .succeeded)
        let (offer, packages) = try ground.offer("1.1", .late)
        try ground.inside("touch /run/hold")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.looking)
        try ground.awaits(file: "isolated")
        #expect(try ground.execute(.release).outcome == .succeeded)
        try ground.inside("rm /run/hold")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .done && ended.installed == "1.1", "\(ended) \(ground.said)")
        #expect(try ground.ask { $0.status.waitS = 0 }.status.containment.model().isolatedUntil == nil)
    }

    @Test("one that was ordered while the host is looked at, and that the new enforcer forgets, is missed and put back")
    func orderedAndLost() throws {
        let ground = try UpgradeGround(policy: Self.patient)
        let (offer, packages) = try ground.offer("1.1", [.leaky, .late])
        try ground.inside("touch /run/hold")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.looking)
        #expect(try ground.execute(.isolate(Isolation(duration: .seconds(3600)))).outcome == .succeeded)
        try ground.awaits(file: "isolated")
        try ground.inside("systemctl kill --signal=KILL cordon-enforcer.service; rm /run/hold")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .wentBack && ended.fault.contains("has forgotten it"), "\(ended) \(ground.said)")
        #expect(ended.installed == "1.0")
        let status = try ground.ask { $0.status.waitS = 0 }.status
        #expect(status.containment.model().isolatedUntil != nil)
        #expect(try ground.inside("nft list tables").contains("cordon_isolation"))
    }

    @Test("it is put back while the way back waits for dpkg's lock; one that is released then is not isolated again")
    func lostAndReleased() throws {
        let ground = try UpgradeGround(policy: Self.patient)
        let (offer, packages) = try ground.offer("1.1", [.leaky, .late])
        try ground.inside("touch /run/hold")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.looking)
        let holder = try lockHolder(on: ground)
        #expect(holder.line() == "ready")
        #expect(try ground.execute(.isolate(Isolation(duration: .seconds(3600)))).outcome == .succeeded)
        try ground.awaits(file: "isolated")
        try ground.inside("systemctl kill --signal=KILL cordon-enforcer.service")
        try ground.awaits(.returning)
        var isIsolated = false
        for _ in 0..<600 where !isIsolated {
            usleep(50_000)
            let status = try? ground.ask { $0.status.waitS = 0 }.status
            isIsolated = status?.containment.model().isolatedUntil != nil
        }
        #expect(isIsolated && ground.record?.step == .returning, "\(ground.said)")
        #expect(try ground.execute(.release).outcome == .succeeded)
        holder.write("\n")
        #expect(holder.wait() == 0)
        try ground.inside("rm /run/hold")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .wentBack && ended.installed == "1.0", "\(ended) \(ground.said)")
        #expect(try ground.ask { $0.status.waitS = 0 }.status.containment.model().isolatedUntil == nil)
        #expect(try !ground.inside("nft list tables").contains("cordon_isolation"))
    }

    private static var patient: String { "[upgrade]\npatience = \"30s\"\ngrace = \"1s\"\n" }

    // MARK: - What cannot run

    @Test("where what installs cannot be run, or its unit does not start, nothing is changed, and the offer is refused")
    func unable() throws {
        let (offer, packages) = try ground.offer("1.1")
        try ground.inside(
            """
            mkdir -p /etc/systemd/system/cordon-upgrade.service.d
            printf '[Service]\\nExecStart=\\nExecStart=/nowhere upgrade\\n' \
                > /etc/systemd/system/cordon-upgrade.service.d/none.conf
            systemctl daemon-reload
            """)
        _ = try ground.carry(offer, packages)
        let unstarted = try ground.ended(offer)
        #expect(unstarted.stage == .refused && unstarted.fault.contains("(systemd)"), "\(unstarted)")
        #expect(ground.record == nil)
        #expect(try ground.offered(offer).stage == .refused, "it is not tried at once again")
        try ground.inside(
            """
            rm /etc/systemd/system/cordon-upgrade.service.d/none.conf
            systemctl stop cordon-agent.service cordon-enforcer.service
            mount -t tmpfs -o size=200m,mode=700,noexec tmpfs /var/lib/cordon-enforcer
            systemctl daemon-reload
            systemctl start cordon-enforcer.service cordon-agent.service
            """)
        let refused = try ground.carry(offer, packages)
        #expect(refused.stage == .refused && refused.fault.contains("(executable)"), "\(refused)")
        #expect(refused.fault.contains("noexec"), "\(refused)")
        try ground.inside("test ! -e /var/lib/cordon-enforcer/upgrade/begun")
        #expect(try versions() == ["installed 1.0", "installed 1.0"])
    }

    @Test("a unit that did not start is tried again once it is mended, however often it was started in vain")
    func mended() throws {
        let (offer, packages) = try ground.offer("1.1")
        try ground.inside(
            """
            mkdir -p /etc/systemd/system/cordon-upgrade.service.d
            printf '[Service]\\nExecStart=\\nExecStart=/nowhere upgrade\\n' \
                > /etc/systemd/system/cordon-upgrade.service.d/none.conf
            systemctl daemon-reload
            """)
        _ = try ground.carry(offer, packages)
        let unstarted = try ground.ended(offer)
        #expect(unstarted.stage == .refused && unstarted.fault.contains("(systemd)"), "\(unstarted)")
        try ground.inside(
            """
            rm /etc/systemd/system/cordon-upgrade.service.d/none.conf
            systemctl daemon-reload
            touch --date='1 hour ago' /var/lib/cordon-enforcer/upgrade/outcome
            """)
        let ended = try ground.ended(offer)
        #expect(ended.stage == .done && ended.installed == "1.1", "\(ended) \(ground.said)")
    }

    @Test("what could not be found out ends nothing: the unit comes back, and finishes")
    func unanswered() throws {
        let (offer, packages) = try ground.offer("1.1", .slow)
        try ground.inside("touch /run/hold")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.installing)
        try ground.inside("until pgrep -f '[c]ordon-agent.postinst'; do sleep 0.05; done")
        // What runs as dpkg goes on; asked anew, it does not answer.
        try ground.inside("mount --bind /usr/bin/false /usr/bin/dpkg")
        try ground.killUpgrader()
        try ground.inside(
            "until [ $(systemctl show --value --property=NRestarts cordon-upgrade.service) -gt 3 ]; do sleep 0.05; done"
        )
        #expect(ground.record?.step == .installing)
        try ground.inside("umount /usr/bin/dpkg; rm /run/hold")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .done, "\(ended) \(ground.said)")
        #expect(try versions() == ["installed 1.1", "installed 1.1"])
    }

    // MARK: - What others do

    @Test("a newer version that somebody else installs is not taken back: neither before the release nor after it")
    func others() throws {
        let newer = try ground.package(version: "1.2").joined(separator: " ")
        let holder = try lockHolder()
        #expect(holder.line() == "ready")
        let (offer, packages) = try ground.offer("1.1")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.installing)
        try ground.inside("DPKG_FRONTEND_LOCKED=1 dpkg --install \(newer) 2>&1")
        holder.write("\n")
        #expect(holder.wait() == 0)
        let before = try ground.ended(offer)
        #expect(before.stage == .refused && before.fault.contains("1.2 was installed meanwhile"), "\(before)")
        #expect(try versions() == ["installed 1.2", "installed 1.2"])
    }

    @Test("nor when the release is gone back from")
    func othersAfter() throws {
        let newer = try ground.package(version: "1.2").joined(separator: " ")
        let (offer, packages) = try ground.offer("1.1", .deaf)
        _ = try ground.carry(offer, packages)
        try ground.awaits(.looking)
        try ground.inside("dpkg --install \(newer) 2>&1")
        let ended = try ground.ended(offer)
        #expect(
            ended.stage == .failed && ended.fault.contains("1.2 was installed meanwhile"), "\(ended) \(ground.said)")
        #expect(try versions() == ["installed 1.2", "installed 1.2"])
    }

    @Test("on the way back, waiting for another that has dpkg's lock is no try: it is waited for as long as it takes")
    func busyBack() throws {
        let (offer, packages) = try ground.offer("1.1", [.slow, .unset])
        try ground.inside("touch /run/hold")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.installing)
        try ground.inside("until pgrep -f '[c]ordon-agent.postinst'; do sleep 0.05; done")
        // It has the lock as soon as dpkg is done.
        let holder = try lockHolder()
        try ground.inside("rm /run/hold")
        #expect(holder.line() == "ready")
        try ground.awaits(.returning)
        // More often than a step may be tried.
        try ground.inside(
            "until [ $(systemctl show --value --property=NRestarts cordon-upgrade.service) -gt 3 ]; do sleep 0.05; done"
        )
        #expect(ground.record?.step == .returning)
        holder.write("\n")
        #expect(holder.wait() == 0)
        let ended = try ground.ended(offer)
        #expect(ended.stage == .wentBack && ended.fault.contains("it is broken"), "\(ended) \(ground.said)")
        #expect(try versions() == ["installed 1.0", "installed 1.0"])
    }

    /// Waits for the lock of dpkg's frontends, says `ready` when it has it, and keeps it until it is told a line.
    private func lockHolder(on other: UpgradeGround? = nil) throws -> Program {
        try Program(
            (other ?? ground).host.enter + [
                "python3", "-uc",
                "import fcntl,sys; f=open('/var/lib/dpkg/lock-frontend','w'); fcntl.lockf(f, fcntl.LOCK_EX); print('ready'); sys.stdin.readline()",
            ])
    }

    // MARK: - What is on the disk

    @Test("a part of full size that a crash left is fetched anew")
    func fullPart() throws {
        let (offer, packages) = try ground.offer("1.1")
        let first = try ground.offered(offer)
        let files = try packages.map(UpgradeGround.bytes)
        let bytes = try #require(files.first { first.want.sha256 == Data(Fingerprint(of: $0).bytes) })
        let name = HexDigit.text([UInt8](first.want.sha256)) + ".deb.part"
        try ground.lab.scratch.file("state/upgrade/\(name)", [UInt8](repeating: 7, count: bytes.count))
        let state = try ground.offered(offer)
        #expect(state.stage == .fetching && state.want == first.want && state.have == 0, "\(state)")
        _ = try ground.carry(offer, packages)
        #expect(try ground.ended(offer).stage == .done)
    }

    @Test("a package that was damaged on the disk is found out, and fetched again")
    func damaged() throws {
        let (offer, packages) = try ground.offer("1.1")
        var state = try ground.offered(offer)
        let name = HexDigit.text([UInt8](state.want.sha256)) + ".deb"
        while TextFile.names(in: ground.folder).contains(name) == false {
            state = try ground.give(ground.part(state.want, of: packages))
        }
        var bytes = try UpgradeGround.bytes("\(ground.folder)/\(name)")
        bytes[bytes.count / 2] ^= 1
        try ground.lab.scratch.file("state/upgrade/\(name)", bytes)
        _ = try ground.carry(offer, packages)
        let refused = try ground.ended(offer)
        #expect(refused.stage == .refused && refused.fault.contains("is not what was signed"), "\(refused)")
        try ground.inside("touch --date='1 hour ago' /var/lib/cordon-enforcer/upgrade/outcome")
        let again = try ground.offered(offer)
        #expect(again.want.sha256 == Data(HexDigit.bytes(name.dropLast(4)) ?? []), "\(again)")
        _ = try ground.carry(offer, packages)
        #expect(try ground.ended(offer).stage == .done)
    }
}
