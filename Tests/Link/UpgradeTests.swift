import ControllerFleet
import ControllerStore
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import GRPCCore
import Testing

@Suite("Upgrades over the link", .serialized, .timeLimit(.minutes(3)))
struct UpgradeTests {
    let scratch = ScratchFolder()

    /// A controller that has 1.0 and 2.0.
    private func serve(_ body: @Sendable @escaping (Controller, TestRelease, TestRelease) async throws -> Void)
        async throws
    {
        try await Controller.serve(in: scratch.path, clock: TestClock()) { controller in
            let (old, new) = (
                TestRelease("1.0", at: controller.clock.now), TestRelease("2.0", at: controller.clock.now)
            )
            try await controller.add(old)
            try await controller.add(new)
            try await body(controller, old, new)
        }
    }

    private static func plan(_ change: (inout RolloutPlan) -> Void = { _ in }) -> RolloutPlan {
        var plan = RolloutPlan(version: "2.0", soak: .zero)
        change(&plan)
        return plan
    }

    @Test(
        "a host is offered the release and what it goes back to, fetches both, and is done; all of it is written down")
    func succeeds() async throws {
        try await serve { controller, old, new in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.say(.unspecified, has: "1.0")
                let rollout = try await controller.fleet.startUpgrade(Self.plan(), by: Controller.admin)
                let (offer, release) = try await stream.offer()
                #expect(release == new.release)
                #expect(ReleaseEnvelope(offer.release).isSigned(by: controller.keys.policyRoot))
                #expect(ReleaseEnvelope(offer.previous).isSigned(by: controller.keys.policyRoot))
                #expect(offer.rolloutID == rollout.id.data)
                stream.say(.fetching, of: offer, version: "2.0", has: "1.0", size: 4)
                for (file, bytes) in zip(new.release.files + old.release.files, new.packages + old.packages) {
                    let fetched = try await agent.fetch(file)
                    #expect(fetched == bytes)
                }
                stream.say(.installing, of: offer, version: "2.0", has: "1.0")
                stream.say(.done, of: offer, version: "2.0", has: "2.0")
                _ = try await controller.rollout(becomes: .finished)
                let told = try await controller.verbs(of: "host:\(agent.id)")
                #expect(told.prefix(3) == ["upgrade.host_done", "upgrade.host_soaking", "upgrade.host_offered"])
                let whole = try await controller.verbs(of: "upgrade:\(rollout.id)")
                #expect(whole == ["upgrade.finished", "upgrade.started"])
                let said = await controller.fleet.packagesInUse()[agent.id]
                #expect(said == HostPackages(architecture: "amd64", installed: "2.0"))
            }
        }
    }

    @Test(
        "a host that goes back stops the rollout: the other's offer is taken back, an alarm is raised, and it is not asked again"
    )
    func goesBack() async throws {
        try await serve { controller, _, new in
            let (one, two) = (try await controller.agent(machine: "m1"), try await controller.agent(machine: "m2"))
            try await one.connected { first in
                try await two.connected { second in
                    first.say(.unspecified, has: "1.0")
                    second.say(.unspecified, has: "1.0")
                    _ = try await controller.fleet.startUpgrade(Self.plan(), by: Controller.admin)
                    let (offer, _) = try await first.offer()
                    let (other, _) = try await second.offer()
                    second.say(.fetching, of: other, version: "2.0", has: "1.0")
                    try await controller.host(two.id, becomes: .fetching)
                    first.say(.wentBack, of: offer, version: "2.0", has: "1.0", fault: "It did not \u{1B}[31mstart")
                    let rollout = try await controller.rollout(becomes: .stopped)
                    #expect(rollout.hosts[one.id]?.state == .wentBack && rollout.hosts[two.id]?.state == .waiting)
                    try await second.withdrawal()
                    let refused = try await two.refusal(of: new.release.files[0].sha256)
                    #expect(refused == .notFound, "what was taken back is not served")
                    let alarm = try await eventually("the alarm") { controller.heard.alarms.first }
                    #expect(alarm.host == one.id && alarm.version == "2.0")
                    // A person goes on: the other is asked again, this one is not.
                    _ = try await controller.fleet.stepUpgrade(.resume, by: Controller.admin)
                    let (again, _) = try await second.offer()
                    #expect(again.rolloutID == offer.rolloutID)
                    second.say(.done, of: again, version: "2.0", has: "2.0")
                    _ = try await controller.rollout(becomes: .finished)
                }
            }
            try await one.connected { stream in
                try await stream.withdrawal()
                let state = await controller.fleet.rollout()?.hosts[one.id]?.state
                #expect(state == .wentBack, "nor when it comes back")
            }
        }
    }

    @Test("lies change nothing: another rollout, another version, more than all, done without it, names that are none")
    func lies() async throws {
        try await serve { controller, _, new in
            let (one, two) = (try await controller.agent(machine: "m1"), try await controller.agent(machine: "m2"))
            try await one.connected { first in
                try await two.connected { second in
                    first.say(.unspecified, has: "1.0")
                    _ = try await controller.fleet.startUpgrade(Self.plan { $0.atOnce = 1 }, by: Controller.admin)
                    let (offer, _) = try await first.offer()
                    var other = offer
                    other.rolloutID = Data(repeating: 9, count: 16)
                    first.say(.failed, of: other, version: "2.0", has: "1.0")
                    other.rolloutID = Data(repeating: 9, count: 4000)
                    first.say(.failed, of: other, version: "2.0", has: "1.0")
                    first.say(.failed, of: offer, version: "3.0", has: "1.0")
                    first.say(.done, of: offer, version: "2.0", has: "1.0\u{1B}[2J")
                    // Not its own to say: the other was not offered it.
                    second.say(.failed, of: offer, version: "2.0", has: "1.0")
                    let long = String(repeating: "ä", count: 5000)
                    first.say(.fetching, of: offer, version: "2.0", has: "1.0", fault: long, have: .max, size: 9)
                    try await controller.host(one.id, becomes: .fetching)
                    let rollout = try #require(await controller.fleet.rollout())
                    #expect(rollout.state == .running)
                    #expect(rollout.hosts[two.id]?.state == .waiting)
                    #expect(rollout.hosts[one.id]?.have == 9 && rollout.hosts[one.id]?.size == 9)
                    // One that it cannot read has no version.
                    first.say(.refused, of: offer, version: "", has: "1.0", fault: long)
                    try await controller.host(one.id, becomes: .refused)
                    let fault = await controller.fleet.rollout()?.hosts[one.id]?.fault
                    #expect(fault.map { $0.utf8.count <= 1024 && $0.hasPrefix("ä") } == true)
                    let said = await controller.fleet.packagesInUse()[two.id]
                    #expect(said?.installed == "1.0")
                    let unoffered = try await two.refusal(of: new.release.files[0].sha256)
                    #expect(unoffered == .notFound || unoffered == nil, "the second may have its turn by now")
                }
            }
        }
    }

    @Test("a host is given parts of what it was offered only, and no more than it could need")
    func bounds() async throws {
        try await serve { controller, _, new in
            let stranger = TestRelease("9.0", at: controller.clock.now)
            try await controller.add(stranger)
            let agent = try await controller.agent()
            let file = new.release.files[0]
            try await agent.connected { stream in
                let early = try await agent.refusal(of: file.sha256)
                #expect(early == .notFound, "before an offer")
                stream.say(.unspecified, has: "1.0")
                _ = try await controller.fleet.startUpgrade(Self.plan(), by: Controller.admin)
                _ = try await stream.offer()
                for (sum, offset): ([UInt8], UInt64) in [
                    (stranger.release.files[0].sha256, 0), ([], 0), ([UInt8](repeating: 0, count: 32), 0),
                    (file.sha256, UInt64(file.size)), (file.sha256, .max), (file.sha256 + [0], 0),
                ] {
                    let refused = try await agent.refusal(of: sum, at: offset)
                    #expect(refused == .notFound, "\(offset)")
                }
                let bound = 4 * 4 * 700_001
                let served = try await agent.call { link in
                    var served = 0
                    do {
                        while served <= 2 * bound {
                            served += try await agent.part(of: file.sha256, at: 0, link).data.count
                        }
                    } catch let error as RPCError { #expect(error.code == .resourceExhausted) }
                    return served
                }
                #expect((bound...(bound + 600_000)).contains(served), "\(served)")
            }
            let gone = try await agent.refusal(of: file.sha256)
            #expect(gone == .failedPrecondition, "without an order stream")
        }
    }

    @Test(
        "a controller that ends on the way goes on where it was: the offer comes again, and those that went back stay so"
    )
    func restarts() async throws {
        let path = scratch.path
        let agents = try await Controller.serve(in: path) { controller in
            for version in ["1.0", "2.0"] { try await controller.add(TestRelease(version, at: controller.clock.now)) }
            let (one, two) = (try await controller.agent(machine: "m1"), try await controller.agent(machine: "m2"))
            try await one.connected { first in
                try await two.connected { second in
                    first.say(.unspecified, has: "1.0")
                    second.say(.unspecified, has: "1.0")
                    _ = try await controller.fleet.startUpgrade(
                        Self.plan { $0.atMostFailed = 1 }, by: Controller.admin)
                    let (offer, _) = try await first.offer()
                    let (other, _) = try await second.offer()
                    first.say(.wentBack, of: offer, version: "2.0", has: "1.0")
                    second.say(.fetching, of: other, version: "2.0", has: "1.0")
                    try await controller.host(one.id, becomes: .wentBack)
                    try await controller.host(two.id, becomes: .fetching)
                }
            }
            return (one, two)
        }
        try await Controller.serve(in: path) { controller in
            var (one, two) = agents
            (one.port, two.port) = (controller.port, controller.port)
            let (first, second) = (one, two)
            let releases = await controller.fleet.releases()
            #expect(releases.map(\.isWhole) == [true, true])
            try await first.connected { stream in try await stream.withdrawal() }
            try await second.connected { stream in
                let (offer, release) = try await stream.offer()
                let bytes = try await second.fetch(release.files[1])
                #expect(bytes.count == 700_001)
                stream.say(.done, of: offer, version: "2.0", has: "2.0")
                let rollout = try await controller.rollout(becomes: .finished)
                #expect(rollout.hosts[first.id]?.state == .wentBack)
                #expect(rollout.hosts[second.id]?.state == .done)
            }
        }
    }

    @Test("of upgrades that are over the newest 50 are kept; the rest is forgotten, which is written down")
    func forgotten() async throws {
        let (path, clock) = (scratch.path, TestClock())
        let begun = try await Controller.serve(in: path, clock: clock) { controller in
            var begun: [Rollout] = []
            for _ in 0..<53 {
                clock.advance(by: .seconds(1))
                var rollout = Rollout(
                    id: clock.surroundings.identifier(), plan: Self.plan(), by: "ada", at: clock.now, seed: 1)
                _ = rollout.apply(.enrolled(clock.surroundings.identifier(), group: ""), at: clock.now)
                _ = rollout.apply(.cancel, at: clock.now)
                try await controller.store.save(rollout, hosts: Set(rollout.hosts.keys), recording: [])
                begun.append(rollout)
            }
            return begun
        }
        try await Controller.serve(in: path, clock: clock) { controller in
            let kept = try await eventually("old upgrades are forgotten") {
                let kept = try await controller.fleet.rollouts(limit: 100)
                return kept.count == 50 ? kept : nil
            }
            #expect(kept == begun.suffix(50).reversed().map(RolloutSummary.init))
            for rollout in begun.prefix(3) {
                let told = try await controller.verbs(of: "upgrade:\(rollout.id)")
                #expect(told == ["upgrade.forgotten"])
            }
        }
    }

    @Test("a host that drops and comes back is offered it again, and one that is silent is lost")
    func drops() async throws {
        try await serve { controller, _, _ in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.say(.unspecified, has: "1.0")
                _ = try await controller.fleet.startUpgrade(Self.plan(), by: Controller.admin)
                _ = try await stream.offer()
            }
            try await controller.host(agent.id, isOnline: false)
            try await agent.connected { stream in
                let (offer, _) = try await stream.offer()
                stream.say(.installing, of: offer, version: "2.0", has: "1.0")
                try await controller.host(agent.id, becomes: .installing)
                // It has come back, for the rollout too, before the hour passes.
                try await controller.fleet.turnUpgrade()
                controller.clock.advance(by: .seconds(3601))
                let rollout = try await controller.rollout(becomes: .stopped)
                #expect(rollout.hosts[agent.id]?.state == .lost)
            }
        }
    }

    @Test(
        "a host whose dpkg is in the middle of its work is waited for, and offered the release once it says what it has"
    )
    func saysLater() async throws {
        try await serve { controller, _, _ in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.say(.unspecified, has: "", on: "")
                _ = try await controller.fleet.startUpgrade(Self.plan(), by: Controller.admin)
                try await controller.fleet.turnUpgrade()
                let rollout = await controller.fleet.rollout()
                #expect(rollout?.hosts[agent.id]?.state == .waiting)
                stream.say(.unspecified, has: "1.0")
                _ = try await stream.offer()
            }
        }
    }

    @Test("a host without a way back is listed, and offered the release once the controller has its own")
    func noWayBack() async throws {
        try await serve { controller, _, _ in
            let agent = try await controller.agent()
            try await agent.connected { stream in
                stream.say(.unspecified, has: "0.9")
                _ = try await controller.fleet.startUpgrade(Self.plan(), by: Controller.admin)
                try await controller.host(agent.id, becomes: .noWayBack)
                try await controller.add(TestRelease("0.9", at: controller.clock.now))
                let (offer, _) = try await stream.offer()
                let previous = try Release(serialized: Array(offer.previous.release))
                #expect(previous.version == "0.9")
            }
        }
    }
}
