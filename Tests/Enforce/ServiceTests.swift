import CordonModel
import CordonOrders
import CordonWire
import Glibc
import Testing

@testable import AgentEnforce

@Suite("What systemd says of units")
struct ServiceManagerTests {
    @Test(
        "units are read from blocks of lines, with their names, states and what is bound to them; the rest is left out")
    func parse() {
        let text = """
            Warning: something changed on disk
            Id=a.service
            Names=b.service a.service
            BoundBy=c.service
            TriggeredBy=a.timer a.socket
            LoadState=loaded
            ActiveState=active
            Transient=no

            LoadState=loaded

            Id=x@y.timer
            LoadState=masked
            ActiveState=failed
            Transient=yes
            FragmentPath=/run/systemd/generator/x@y.timer
            RequiredBy=d.service local-fs.target
            """
        let units = ServiceManager.parse(text)
        #expect(
            units == [
                ServiceManager.Unit(
                    id: "a.service", names: ["b.service", "a.service"], load: "loaded", active: "active",
                    isTransient: false, isGenerated: false, dependents: ["a.socket", "a.timer", "c.service"]),
                ServiceManager.Unit(
                    id: "x@y.timer", names: [], load: "masked", active: "failed", isTransient: true, isGenerated: true,
                    dependents: ["d.service"]),
            ])
        #expect(units.map(\.isUp) == [true, false] && units.map(\.isDown) == [false, true])
        #expect(ServiceManager.parse("").isEmpty && ServiceManager.parse("\n\n=\nId\n").isEmpty)
    }

    @Test("what is written down of a unit is read again; nothing else is")
    func bytes() {
        let stopped = StoppedService(
            unit: "a.service", wereUp: ["a.service", "a.socket"], madeFolder: true, wasMasked: false)
        #expect(StoppedService(bytes: stopped.bytes) == stopped)
        #expect(StoppedService(bytes: Array(stopped.bytes.dropLast())) == nil && StoppedService(bytes: []) == nil)
    }

    @Test("a program of the system has a limit on its time and its output, and no environment of ours")
    func command() throws {
        let shell = SystemCommand(paths: ["/nowhere/sh", "/bin/sh"])
        let answer = try shell.run(["-c", "echo $1; env; exit 7", "sh", "a b; $(id)"], within: .seconds(10))
        #expect(answer.status == 7 && answer.text.hasPrefix("a b; $(id)\n") && answer.text.contains("LC_ALL=C"))
        #expect(!answer.text.contains("HOME="))
        let much = try shell.run(["-c", "head -c 3000000 /dev/zero"], within: .seconds(30))
        #expect(much.status == 0 && much.text.utf8.count == 1 << 20)
        let slow = #expect(throws: EnforceError.self) {
            // What it started keeps the output open.
            try shell.run(["-c", "sleep 600 & sleep 600"], within: .milliseconds(200))
        }
        #expect(slow?.code == "command.slow")
        let missing = #expect(throws: EnforceError.self) {
            try SystemCommand(paths: ["/nowhere/a"]).run([], within: .seconds(1))
        }
        #expect(missing?.code == "command.missing")
    }
}

/// Units stopped and given back by order, by a real systemd.
@Suite("Services", .enabled(if: systemdObstacle == nil, "\(systemdObstacle ?? "")"), .serialized)
struct ServiceTests {
    private let lab: Lab
    private let host: SystemdGround
    private let fleet: Enrolled
    private static let sleeper = "[Service]\nExecStart=/bin/sleep 600\n"

    init() throws {
        lab = try Lab()
        host = try SystemdGround(scratch: lab.scratch, space: lab.host)
        fleet = try Enrolled(lab.scratch, policy: "protected_units = [\"kept*.service\"]\nlongest_stop = \"1h\"\n")
        try host.unit(
            "miner.service",
            """
            [Service]
            ExecStart=/bin/sleep 600
            ExecStop=/bin/touch \(lab.scratch.path)/exec-stop
            Restart=always
            [Install]
            WantedBy=cordon-test.target
            """)
        try host.unit("miner.timer", "[Timer]\nOnActiveSec=1h\n[Install]\nWantedBy=cordon-test.target\n")
        try host.unit("door.socket", "[Socket]\nListenStream=\(lab.scratch.path)/door\n")
        try host.unit("door.service", Self.sleeper)
        try host.unit("bound.service", "[Unit]\nBindsTo=miner.service\n\(Self.sleeper)")
        try host.unit("apart.service", "[Unit]\nRequires=miner.service\n\(Self.sleeper)")
        try host.unit("kept.service", Self.sleeper)
        try host.systemctl("enable", "miner.service", "miner.timer")
        try host.systemctl("daemon-reload")
        try host.systemctl(
            "start", "miner.service", "miner.timer", "door.socket", "bound.service", "apart.service",
            "kept.service")
    }

    private func enforcer() throws -> EnforcerProcess {
        try EnforcerProcess(fleet, entering: host.enter, isChild: true)
    }

    private func stop(_ unit: String, for duration: Duration = .seconds(600)) -> Order {
        fleet.order(.stopService(ServiceStop(unit: unit, duration: duration)))
    }

    /// Every file and link of units, with what can be said of it.
    private func units() throws -> String {
        try Program.must(
            host.enter + [
                "sh", "-c",
                "find /etc/systemd -printf '%p %y %l %m %U %G %s %T@\\n' | grep -v '^/etc/systemd d' | sort",
            ])
    }

    private func states(_ names: [String]) throws -> [String] { try names.map { try host.state($0) } }

    @Test(
        "a service that restarts itself stops without its ExecStop, is started by nobody, and is given back as it was, byte for byte"
    )
    func service() throws {
        let all = ["miner.service", "miner.timer", "bound.service", "apart.service"]
        #expect(try states(all) == ["active", "active", "active", "active"])
        let before = try units()
        var enforcer = try enforcer()
        let order = stop("miner.service")
        let result = try enforcer.execute(order)
        #expect(result.outcome == .succeeded, "\(result.message)")
        #expect(result.proof?.probes.map(\.name) == ["service_masked", "service_stopped"])
        #expect(try states(all) == ["inactive", "active", "inactive", "active"], "what merely needs it goes on")
        #expect(unsafe access(lab.scratch.path + "/exec-stop", F_OK) != 0)
        #expect(try host.systemctl("start", "miner.service").status != 0)
        #expect(try enforcer.status().containment.model().effects.map(\.subject) == ["miner.service"])

        let mask = "/etc/systemd/system.control/miner.service"
        try Program.must(host.enter + ["rm", mask])
        try host.systemctl("daemon-reload")
        try host.systemctl("start", "miner.service")
        #expect(try enforcer.becomes(within: 20) { try host.state("miner.service") == "inactive" }, "stopped again")
        #expect(try host.state("miner.service", "LoadState") == "masked")
        enforcer.kill()
        try Program.must(host.enter + ["rm", mask])
        enforcer = try self.enforcer()
        #expect(try enforcer.becomes(within: 20) { try host.state("miner.service", "LoadState") == "masked" })

        let given = try enforcer.execute(.restoreService(order.id))
        #expect(given.outcome == .succeeded, "\(given.message)")
        #expect(try states(all) == ["active", "active", "active", "active"])
        #expect(try host.state("miner.service", "UnitFileState") == "enabled")
        #expect(try units() == before)
        #expect(try enforcer.status().containment.model().effects == [])
        #expect(try enforcer.execute(.restoreService(order.id)).outcome == .succeeded, "again is no error")
    }

    @Test("timers and sockets stop alike; a shorter order cuts no longer one short; what did not run is not started")
    func others() throws {
        let enforcer = try enforcer()
        let timer = stop("miner.timer")
        #expect(try enforcer.execute(timer).outcome == .succeeded)
        #expect(try states(["miner.timer", "miner.service"]) == ["inactive", "active"])
        let socket = stop("door.socket", for: .seconds(2))
        #expect(try enforcer.execute(socket).outcome == .succeeded)
        #expect(try states(["door.socket", "door.service"]) == ["inactive", "inactive"])
        #expect(try enforcer.becomes(within: 20) { try host.state("door.socket") == "active" }, "its time is over")

        try host.systemctl("stop", "miner.service")
        let idle = stop("miner.service")
        #expect(try enforcer.execute(idle).outcome == .succeeded)
        #expect(try enforcer.execute(.restoreService(idle.id)).outcome == .succeeded)
        #expect(try host.state("miner.service") == "inactive")
        #expect(try enforcer.execute(.restoreService(timer.id)).outcome == .succeeded)
        #expect(try states(["miner.timer", "door.socket"]) == ["active", "active"])
    }

    @Test(
        "units that the host stands on, protected ones, those that would take one along, and those without a file go on"
    )
    func refusals() throws {
        try host.unit("base.service", Self.sleeper)
        try host.unit("kept2.service", "[Unit]\nBindsTo=base.service\n\(Self.sleeper)")
        // What a package has put there by that name, as dpkg's lists have it, and a name that says no more than itself.
        let vendor = "/usr/lib/systemd/system"
        for unit in ["systemd-journald.service", "getty@.service"] {
            try host.unit("\(vendor)/\(unit)", Self.sleeper)
        }
        try host.unit("systemd-miner.service", Self.sleeper)
        try host.systemctl("daemon-reload")
        try host.systemctl("start", "base.service", "kept2.service", "systemd-miner.service")
        try Program.must(
            host.enter + ["systemd-run", "--property=DefaultDependencies=no", "--unit=passing", "/bin/sleep", "600"])
        let enforcer = try enforcer()
        let policy = "protected_units (\(lab.scratch.path)/policy.d/10.toml:1)"
        let rows = [
            ("systemd-journald.service", "built-in: needed unit"),
            ("getty@tty1.service", "built-in: needed unit"), ("kept.service", policy), ("base.service", policy),
            ("passing.service", "built-in: transient unit"),
        ]
        for (unit, rule) in rows {
            let result = try enforcer.execute(stop(unit))
            #expect(result.outcome == .refused(rule: rule), "\(unit): \(result.message)")
        }
        let long = try enforcer.execute(stop("miner.service", for: .seconds(7200)))
        #expect(long.outcome == .refused(rule: "longest_stop (\(lab.scratch.path)/policy.d/10.toml:2)"))
        #expect(try enforcer.execute(stop("nowhere.service")).outcome == .failed(code: "service.unknown"))
        #expect(try states(["kept.service", "base.service", "passing.service"]) == ["active", "active", "active"])
        #expect(try enforcer.status().containment.model().effects == [])
        #expect(try enforcer.execute(stop("systemd-miner.service")).outcome == .succeeded)
    }
}
