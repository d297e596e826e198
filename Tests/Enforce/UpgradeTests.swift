import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf
import Testing

@testable import AgentEnforce

/// Upgrades as hosts live them: a real systemd, a real dpkg, the real enforcer through its socket.
@Suite("Upgrades", .enabled(if: systemdObstacle == nil, "\(systemdObstacle ?? "")"), .serialized)
struct UpgradeTests {
    let ground: UpgradeGround

    init() throws { ground = try UpgradeGround() }

    func versions() throws -> [String] {
        try ["cordon-enforcer", "cordon-agent"].map { try ground.installed($0) }
    }

    private func files() -> [String] { TextFile.names(in: ground.folder).filter { $0.contains(".deb") } }

    @Test(
        "a signed release is fetched, installed, found well and kept; an isolation is in force all the while, and the administrator's files stay"
    )
    func installs() throws {
        #expect(try ground.execute(.isolate(Isolation(duration: .seconds(3600)))).outcome == .succeeded)
        try ground.inside("echo '# mine' > /etc/cordon/conffile")
        let peer = try ground.lab.start(ground.lab.peer, "serve", "4444")
        defer { withExtendedLifetime(peer) {} }
        let (offer, packages) = try ground.offer("1.1", .slow)
        try ground.inside("touch /run/hold")
        let begun = try ground.carry(offer, packages, most: 1000)
        #expect(begun.stage == .installing && begun.installed == "1.0" && begun.version == "1.1", "\(begun)")
        try ground.awaits(.installing)
        #expect(try ground.lab.probe(ground.lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        try ground.inside("rm /run/hold")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .done && ended.installed == "1.1", "\(ended) \(ground.said)")
        #expect(ended.architecture == UpgradeGround.architecture && ended.rolloutID == offer.rolloutID)
        #expect(try versions() == ["installed 1.1", "installed 1.1"])
        #expect(try ground.inside("cat /etc/cordon/conffile") == "# mine")
        #expect(try ground.ask { $0.status.waitS = 0 }.status.containment.model().isolatedUntil != nil)
        #expect(try ground.lab.probe(ground.lab.host, "tcp", "10.66.0.3", "4444") == "ConnectionRefusedError")
        #expect(files().count == 2, "what is installed is kept, to go back to; no more")
        #expect(try ground.inside("/usr/sbin/cordon-enforcer status").contains("upgrade to 1.1: it is installed"))
        // To go back to what is installed now, nothing is fetched.
        var next = try ground.offer("1.2", rollout: 2)
        next.offer.previous = offer.release
        let state = try ground.offered(next.offer)
        let size = try next.packages.prefix(2).reduce(0) { try $0 + UpgradeGround.bytes($1).count }
        #expect(state.stage == .fetching && Int(state.size - state.have) == size)
        #expect(try ground.offered(Cordon_V1_UpgradeOffer()).stage == .unspecified)
        #expect(files().count == 2)
    }

    @Test(
        "a host that is not well with a version goes back by itself, says why, and does not try that rollout again",
        arguments: [
            (UpgradeGround.Fault.deaf, "does not hear its controller"), (.unset, "it is broken"),
            (.dead, "started again"), (.leaky, "isolation"),
        ])
    func goesBack(_ fault: UpgradeGround.Fault, _ reason: String) throws {
        #expect(try ground.execute(.isolate(Isolation(duration: .seconds(3600)))).outcome == .succeeded)
        let (offer, packages) = try ground.offer("1.1", fault)
        _ = try ground.carry(offer, packages)
        let ended = try ground.ended(offer)
        #expect(ended.stage == .wentBack, "\(ended) \(ground.said)")
        #expect(ended.fault.contains(reason) && ended.installed == "1.0", "\(ended)")
        #expect(try versions() == ["installed 1.0", "installed 1.0"])
        #expect(try ground.ask { $0.status.waitS = 0 }.status.containment.model().isolatedUntil != nil)
        #expect(try ground.offered(offer).stage == ended.stage)
        var again = offer
        again.rolloutID = Data(repeating: 9, count: 16)
        #expect(try ground.offered(again).stage == .fetching, "another rollout may")
    }

    @Test("kill -9 of the upgrader and of dpkg, in any step, is followed by one that finishes")
    func killedForward() throws {
        let (offer, packages) = try ground.offer("1.1", [.slow, .late])
        try ground.inside("touch /run/hold")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.installing)
        // dpkg waits in a package's script now.
        try ground.inside("until pgrep -f '[c]ordon-agent.postinst'; do sleep 0.05; done")
        try ground.killUpgrader()
        try ground.inside("rm /run/hold; until pgrep -f '[a]gent.py late'; do sleep 0.05; done; touch /run/hold")
        try ground.awaits(.looking)
        try ground.killUpgrader()
        try ground.inside("rm /run/hold")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .done, "\(ended) \(ground.said)")
        #expect(try versions() == ["installed 1.1", "installed 1.1"])
    }

    @Test("kill -9 on the way back, too; and one that was chosen and never begun is begun")
    func killedBack() throws {
        let (offer, packages) = try ground.offer("1.1", .unset, back: .slow)
        try ground.inside("touch /run/hold; systemctl mask --runtime cordon-upgrade.service")
        let refused = try ground.carry(offer, packages)
        #expect(refused.stage == .refused && refused.fault.contains("(systemd)"), "\(refused)")
        #expect(ground.record == nil)
        // As a crash leaves it between the record and the unit's start.
        let folder = try ReleaseFolder(stateFolder: ground.lab.scratch.path + "/state")
        try folder.begin(
            .with {
                $0.offer = offer
                $0.step = .chosen
                $0.packages = ["cordon-agent", "cordon-enforcer"]
            })
        try ground.inside("systemctl unmask --runtime cordon-upgrade.service")
        #expect(try ground.offered(offer).stage == .installing)
        try ground.awaits(.returning)
        try ground.inside("until pgrep -f '[c]ordon-agent.postinst'; do sleep 0.05; done")
        try ground.killUpgrader()
        try ground.inside("rm /run/hold")
        try ground.awaits(.lookingBack)
        try ground.killUpgrader()
        let ended = try ground.ended(offer)
        #expect(ended.stage == .wentBack && ended.fault.contains("it is broken"), "\(ended) \(ground.said)")
        #expect(try versions() == ["installed 1.0", "installed 1.0"])
    }

    @Test("without a way back, a host that is not well says that it failed")
    func noWayBack() throws {
        let (offer, packages) = try ground.offer("1.1", .deaf, hasWayBack: false)
        _ = try ground.carry(offer, packages)
        let ended = try ground.ended(offer)
        #expect(ended.stage == .failed && ended.fault.contains("no previous release"), "\(ended)")
    }

    @Test("while another program has dpkg's lock, nothing is changed, and it may be tried again")
    func busy() throws {
        let holder = try Program(
            ground.host.enter + [
                "python3", "-uc",
                "import fcntl,sys; f=open('/var/lib/dpkg/lock-frontend','w'); fcntl.lockf(f, fcntl.LOCK_EX); print('ready'); sys.stdin.readline()",
            ])
        #expect(holder.line() == "ready")
        let (offer, packages) = try ground.offer("1.1")
        _ = try ground.carry(offer, packages)
        try ground.awaits(.installing)
        for _ in 0..<600 where ground.record != nil { usleep(50_000) }
        #expect(try ground.inside("/usr/sbin/cordon-enforcer status").contains("nothing was changed"))
        #expect(try versions() == ["installed 1.0", "installed 1.0"])
        holder.write("\n")
        #expect(holder.wait() == 0)
        #expect(try ground.offered(offer).fault.contains("nothing was changed"), "it is not tried at once again")
        try ground.inside("touch --date='1 hour ago' /var/lib/cordon-enforcer/upgrade/outcome")
        let ended = try ground.ended(offer)
        #expect(ended.stage == .done, "\(ended) \(ground.said)")
    }

    // MARK: - What is refused

    @Test("what is not signed for this host, is old, or leads nowhere back is refused, and says by which rule")
    func refusals() throws {
        let (good, _) = try ground.offer("1.1")
        let new = try ground.package(version: "1.1")
        let old = try ground.package(version: "1.0")
        let cases: [(String, Cordon_V1_SignedRelease, Cordon_V1_SignedRelease)] = [
            ("signature", try ground.release(new, version: "1.1", root: SigningKey()), good.previous),
            ("recipient", try ground.release(new, version: "1.1", fleet: "other"), good.previous),
            ("architecture", try ground.release(new, version: "1.1", architecture: "riscv64"), good.previous),
            ("expired", try ground.release(new, version: "1.1", expires: .seconds(-1)), good.previous),
            ("downgrade", try ground.release(new, version: "0.9"), good.previous),
            ("downgrade", try ground.release(new, version: "1.0~rc1"), good.previous),
            ("malformed", try ground.release(new, version: "1.1; reboot"), good.previous),
            ("malformed", try ground.release(new, version: "1.1", size: 300 << 20), good.previous),
            ("malformed", try ground.release(new + new, version: "1.1"), good.previous),
            ("incomplete", try ground.release([new[0]], version: "1.1"), good.previous),
            ("disk", try ground.release(new, version: "1.1", size: 256 << 20), good.previous),
            ("signature", good.release, try ground.release(old, version: "1.0", root: SigningKey())),
            ("previous", good.release, try ground.release(old, version: "0.8")),
            ("previous", good.release, try ground.release([old[0]], version: "1.0")),
        ]
        try shrink()
        for (rule, release, previous) in cases {
            var offer = good
            (offer.release, offer.previous) = (release, previous)
            let state = try ground.offered(offer)
            #expect(state.stage == .refused && state.fault.contains("(\(rule)"), "\(rule): \(state)")
            #expect(!state.hasWant && state.installed == "1.0")
        }
        var nameless = good
        nameless.rolloutID = Data([1])
        #expect(try ground.offered(nameless).stage == .refused)
        var long = good
        long.release.release = Data(repeating: 0, count: 100_000)
        #expect(try ground.offered(long).fault.contains("(signature)"))
        #expect(files().isEmpty && ground.record == nil)
        try set("allowed = false") { $0.fault.contains("upgrade.allowed (/etc/cordon/policy.d/10.toml:2)") }
        try set("hours = [\"\(never())\"]") { $0.stage == .fetching }
        // Outside its hours a host fetches, and installs nothing.
        let (offer, packages) = try ground.offer("1.1")
        let waits = try ground.carry(offer, packages)
        #expect(waits.stage == .refused && waits.fault.contains("upgrade.hours"), "\(waits)")
        #expect(ground.record == nil && waits.hasWant == false)
        #expect(try versions() == ["installed 1.0", "installed 1.0"])
    }

    /// Has the enforcer read another policy, and waits until an offer is answered so.
    private func set(_ policy: String, until isSo: (Cordon_V1_UpgradeState) -> Bool) throws {
        try ground.lab.scratch.file("10.toml", "[upgrade]\n\(policy)\n")
        try ground.inside(
            """
            cp \(ground.lab.scratch.path)/10.toml /etc/cordon/policy.d/
            kill -HUP $(systemctl show --value --property=MainPID cordon-enforcer.service)
            """)
        let offer = try ground.offer("1.1").offer
        for _ in 0..<500 where try !isSo(ground.offered(offer)) { usleep(20_000) }
        let state = try ground.offered(offer)
        #expect(isSo(state), "\(policy): \(state)")
    }

    /// Hours of another day of the week.
    private func never() -> String {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        // 1970-01-01 was a Thursday.
        return "\(days[(time(nil) / 86_400 + 3 + 3) % 7]) 10:00-11:00"
    }

    /// A disk of the state that has less room than the largest package needs.
    private func shrink() throws {
        try ground.inside(
            """
            systemctl stop cordon-agent.service cordon-enforcer.service
            mount -t tmpfs -o size=80m,mode=700 tmpfs /var/lib/cordon-enforcer
            systemctl start cordon-enforcer.service cordon-agent.service
            """)
    }

    @Test("a part that lies costs its package; what is cut off goes on where it was; what is withdrawn is gone")
    func parts() throws {
        let (offer, packages) = try ground.offer("1.1")
        var state = try ground.offered(offer)
        #expect(state.stage == .fetching && state.have == 0)
        let first = try ground.part(state.want, of: packages, atMost: 700)
        state = try ground.give(first)
        #expect(state.want.offset == 700 && state.have == 700)
        // Again, elsewhere, of something else, too much: nothing changes.
        for other in [
            first,
            .with {
                $0 = first
                $0.offset = 1 << 40
            },
            .with {
                $0 = first
                $0.sha256 = Data(repeating: 1, count: 32)
            },
            .with {
                $0 = first
                $0.offset = 700
                $0.data = Data(repeating: 1, count: 400 << 10)
            }, Cordon_V1_ReleasePart(),
        ] as [Cordon_V1_ReleasePart] {
            #expect(try ground.give(other).have == 700)
        }
        try ground.inside("systemctl kill --signal=KILL cordon-enforcer.service")
        for _ in 0..<500 where (try? ground.offered(offer)) == nil { usleep(20_000) }
        state = try ground.offered(offer)
        #expect(state.want.offset == 700, "it goes on where it was cut off")
        for turn in 1...3 {
            state = try ground.offered(offer)
            let rest = try ground.part(state.want, of: packages)
            state = try ground.give(
                .with {
                    $0 = rest
                    $0.data = Data(repeating: 7, count: rest.data.count)
                })
            #expect(state.fault.contains("is not the one that was signed") && !state.hasWant && state.have == 0)
            #expect(state.stage == (turn < 3 ? .fetching : .refused))
        }
        state = try ground.offered(offer)
        state = try ground.give(ground.part(state.want, of: packages, atMost: 900))
        #expect(files().count == 1)
        state = try ground.give(
            .with {
                $0.sha256 = state.want.sha256
                $0.offset = state.want.offset
            })
        #expect(state.fault.contains("does not have") && !state.hasWant)
        #expect(try ground.offered(Cordon_V1_UpgradeOffer()).stage == .unspecified)
        #expect(files().isEmpty, "what was withdrawn takes no room")
        #expect(try ground.give(first).stage == .unspecified)
    }
}
