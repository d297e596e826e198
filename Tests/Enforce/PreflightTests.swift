import CordonModel
import CordonOrders
import CordonWire
import Testing

@testable import AgentEnforce

@Suite("Whether a host can be isolated, before it must be")
struct PreflightTests {
    private func preflight(
        _ mounts: String, kernel: String = "6.12.1", ownsTables: Bool = true, tunnels: [Preflight.Tunnel] = []
    ) -> Preflight {
        Preflight(
            mounts: MountTable(mounts), remoteDisks: [], kernel: kernel, ownsTables: ownsTables, isWithoutEgress: false,
            tunnels: tunnels)
    }

    private static let local = "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"

    @Test("a host on its own disk, with a new kernel, is safe")
    func safe() {
        #expect(
            preflight(Self.local + "31 29 0:40 / /proc rw - proc proc rw\n").report(refusal: nil)
                == IsolationPreflight(verdict: .safe))
    }

    @Test(
        "one whose system comes over the network must not be isolated",
        arguments: [
            "29 1 0:40 / / rw,relatime - nfs4 filer:/root rw\n", "29 1 43:0 / / rw - ext4 /dev/nbd0p1 rw\n",
            local + "30 29 0:41 / /usr ro shared:2 master:3 - nfs filer:/usr ro\n",
            local + "30 29 0:41 / /var rw - cifs //filer/var rw\n",
        ])
    func networkRoot(_ mounts: String) {
        #expect(preflight(mounts).obstacle?.contains("over the network") == true)
    }

    @Test("what could not be looked at is not called safe")
    func blind() {
        let unread = preflight("").report(refusal: nil)
        #expect(unread.verdict == .degraded && unread.reasons.first?.contains("could not be read") == true)
        var preflight = preflight(Self.local)
        preflight.unseen = "The ways to the controller could not be looked at."
        #expect(
            preflight.report(refusal: nil)
                == IsolationPreflight(
                    verdict: .degraded, reasons: ["The ways to the controller could not be looked at."]))
    }

    @Test("what covers a place counts, not what lies under it")
    func covered() {
        let covered = "28 1 0:40 / / rw - nfs4 filer:/root rw\n" + Self.local
        #expect(preflight(covered).obstacle == nil)
        let table = MountTable(Self.local + "30 29 0:41 / /srv/a\\040b rw - nfs filer:/x\\134y rw\n")
        let expected = MountTable.Mount(
            place: "/srv/a b", type: "nfs", source: "filer:/x\\y", number: 30, device: "0:41")
        #expect(table.mount(under: "/srv/a b/c") == expected)
        #expect(table.mount(under: "/srv/a bc")?.place == "/")
    }

    @Test(
        "lines that are none are left out",
        arguments: [
            "", "\n\n", "29 1 8:1 / / rw", "29 1 8:1 / / rw -", "- - - - - - -", "29 1 8:1 / / rw shared:1 - ext4",
        ])
    func malformed(_ text: String) { #expect(MountTable(text).mounts.isEmpty) }

    @Test("the host's own root is never taken for what may not answer, by whatever it is served; what else is so is")
    func root() {
        let text = "1 0 0:30 / / rw - virtiofs root rw\n2 1 0:31 / /srv rw - virtiofs more rw\n"
        let table = MountTable(text, root: "0:30")
        #expect(table.mounts.map(\.mayHang) == [false, true])
        #expect(table.device(at: "/") == "0:30")
        let places = RemotePlaces(text, root: "0:30")
        #expect(places.hold("/etc/x") == false && places.hold("/srv/x") == true)
        #expect(FileDevices(table.mounts).answers("0:30") && !FileDevices(table.mounts).answers("0:31"))
    }

    @Test("an old kernel, a share and a tunnel are said, and do not stop it")
    func degraded() throws {
        let report = preflight(
            Self.local + "30 29 0:41 / /home rw - nfs4 filer:/home rw\n", kernel: "5.10.0-30-amd64", ownsTables: false,
            tunnels: [.init(controller: "10.9.0.1", interface: "wg0", kind: "wireguard")]
        ).report(refusal: nil)
        #expect(report.verdict == .degraded)
        try #require(report.reasons.count == 4)
        for (reason, word) in zip(report.reasons, ["owned tables", "egress hook", "wg0 (wireguard)", "/home"]) {
            #expect(reason.contains(word))
        }
    }
}

/// What the enforcer says of a real host.
@Suite(
    "Whether a host can be isolated, as its enforcer says",
    .enabled(if: labObstacle == nil, "\(labObstacle ?? "")"), .serialized)
struct PreflightReportTests {
    @Test("a controller behind a tunnel is seen, and a policy that forbids isolating is the reason given")
    func report() throws {
        let lab = try Lab()
        let fleet = try Enrolled(lab.scratch)
        let enforcer = try EnforcerProcess(fleet, in: lab.host)
        let before = try #require(try enforcer.status().isolation.model())
        #expect(!before.reasons.contains { $0.contains("10.66.0.2") })
        #expect(before.verdict != .refused)
        try Program.must(["ip", "-n", lab.host, "tuntap", "add", "dev", "tun7", "mode", "tun"])
        try Program.must(["ip", "-n", lab.host, "link", "set", "tun7", "up"])
        try Program.must(["ip", "-n", lab.host, "route", "add", "10.66.0.2/32", "dev", "tun7"])
        let behind = try #require(try enforcer.status().isolation.model())
        #expect(behind.verdict == .degraded)
        #expect(behind.reasons.contains { $0.contains("The controller at 10.66.0.2 is reached through tun7 (tun)") })

        enforcer.kill()
        try lab.scratch.file("policy.d/20.toml", "never_isolate = true\n")
        let never = try #require(try EnforcerProcess(fleet, in: lab.host).status().isolation.model())
        #expect(never.verdict == .refused)
        #expect(never.reasons.count == 1 && never.reasons[0].contains("never_isolate"))
    }
}
