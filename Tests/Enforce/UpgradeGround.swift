import AgentNetlink
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf

@testable import AgentEnforce

/// A host with a real systemd and a real dpkg, whose enforcer and agent are packages made here: the enforcer is the real one,
/// the agent only says whether it hears its controller.
final class UpgradeGround: Sendable {
    let lab: Lab
    let host: SystemdGround
    let root = SigningKey()
    let orderKey = SigningKey()
    let fleet = "test"
    let agent = AgentID(UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    /// The upgrades' folder, as it is seen from outside.
    var folder: String { lab.scratch.path + "/state/upgrade" }

    /// What a package does besides what it should.
    struct Fault: OptionSet {
        let rawValue: Int
        /// Its agent does not hear the controller.
        static let deaf = Fault(rawValue: 1)
        /// Its agent hears the controller once `/run/hold` is gone.
        static let late = Fault(rawValue: 2)
        /// Its agent ends at once.
        static let dead = Fault(rawValue: 4)
        /// Setting the agent up fails.
        static let unset = Fault(rawValue: 8)
        /// Setting the agent up waits until `/run/hold` is gone.
        static let slow = Fault(rawValue: 16)
        /// Its enforcer lets the isolation go when it starts.
        static let leaky = Fault(rawValue: 32)
    }

    init(policy: String = "[upgrade]\npatience = \"5s\"\ngrace = \"1s\"\n", first: Fault = []) throws {
        lab = try Lab()
        host = try SystemdGround(scratch: lab.scratch, space: lab.host)
        try lab.scratch.file("agent.py", Self.agentScript)
        try Program.must(["mkdir", "-p", lab.scratch.path + "/state", lab.scratch.path + "/debs"])
        try lab.scratch.file("10.toml", policy)
        try lab.scratch.file("root.pub", HexDigit.text(root.verifyingKey.rawBytes) + "\n")
        try lab.scratch.file("identity.toml", "fleet = \"\(fleet)\"\nagent = \"\(agent)\"\n")
        try lab.scratch.file(
            "enforcer.toml", "agent_user = \"\(Lab.agentUser)\"\ncontrollers = [\"10.66.0.2:7443\"]\n")
        try inside(
            """
            mkdir -p /etc/cordon/policy.d /var/lib/cordon-enforcer
            mount --bind \(lab.scratch.path)/state /var/lib/cordon-enforcer
            cd \(lab.scratch.path)
            cp 10.toml /etc/cordon/policy.d/ && cp enforcer.toml identity.toml /etc/cordon/
            cp root.pub /etc/cordon/policy-root.pub
            """)
        try install(try package(version: "1.0", first))
        guard try ask({ $0.keySet = try keySet() }).keySetAccepted.version == 1 else {
            throw Program.Failure(what: "keys")
        }
    }

    @discardableResult
    func inside(_ script: String) throws -> String {
        let (status, output) = try Program.run(host.enter + ["sh", "-euc", script])
        guard status == 0 else { throw Program.Failure(what: output) }
        return output
    }

    private func install(_ files: [String]) throws {
        try inside("dpkg --install \(files.joined(separator: " ")) 2>&1")
    }

    /// The version of a package that dpkg has wholly installed.
    func installed(_ package: String) throws -> String {
        try inside("dpkg-query --show --showformat='${db:Status-Status} ${Version}' \(package)")
    }

    // MARK: - Packages

    /// The two packages of a version.
    func package(version: String, _ fault: Fault = []) throws -> [String] {
        let name = "\(version)-\(fault.rawValue)"
        let leak = fault.contains(.leaky) ? "rm -f /var/lib/cordon-enforcer/journal; nft flush ruleset || true" : ":"
        let enforcer = try build(
            "cordon-enforcer", version, name,
            files: [
                (
                    "usr/sbin/cordon-enforcer", "#!/bin/sh\n\(leak)\nexec \(EnforcerProcess.binary) \"$@\"\n", 0o755
                ),
                ("lib/systemd/system/cordon-enforcer.service", Self.enforcerUnit, 0o644),
                ("lib/systemd/system/cordon-upgrade.service", try Self.upgradeUnit(), 0o644),
                ("etc/cordon/conffile", "# \(version)\n", 0o644),
            ], script: "systemctl daemon-reload; systemctl restart cordon-enforcer.service || true",
            control: "Conffiles: /etc/cordon/conffile")
        let kind =
            fault.contains(.deaf) ? "deaf" : fault.contains(.late) ? "late" : fault.contains(.dead) ? "dead" : "well"
        let wait = fault.contains(.slow) ? "while [ -e /run/hold ]; do sleep 0.05; done" : ":"
        let script = "\(wait); \(fault.contains(.unset) ? "echo 'it is broken' >&2; exit 7" : ":")"
        let agent = try build(
            "cordon-agent", version, name,
            files: [
                ("usr/sbin/cordon-agent", "#!/bin/sh\nexec python3 /usr/share/cordon-test/agent.py \(kind)\n", 0o755),
                ("usr/share/cordon-test/agent.py", Self.agentScript, 0o644),
                ("lib/systemd/system/cordon-agent.service", Self.agentUnit, 0o644),
            ],
            script: "\(script); systemctl daemon-reload; systemctl restart cordon-agent.service || true",
            control: "Depends: cordon-enforcer (= \(version))")
        return [enforcer, agent]
    }

    private func build(
        _ package: String, _ version: String, _ name: String, files: [(path: String, text: String, mode: mode_t)],
        script: String, control: String
    ) throws -> String {
        let tree = "\(lab.scratch.path)/debs/\(package)-\(name)"
        let own = "debs/\(package)-\(name)"
        try Program.must(["mkdir", "-p", tree + "/DEBIAN"])
        for (path, text, mode) in files {
            try Program.must([
                "mkdir", "-p", (tree + "/" + path).split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" },
            ])
            try lab.scratch.file("\(own)/\(path)", text, mode: mode)
        }
        let fields = control.hasPrefix("Depends") ? control + "\n" : ""
        if control.hasPrefix("Conffiles: ") {
            try lab.scratch.file("\(own)/DEBIAN/conffiles", String(control.dropFirst(11)) + "\n")
        }
        try lab.scratch.file(
            "\(own)/DEBIAN/control",
            "Package: \(package)\nVersion: \(version)\nArchitecture: all\nMaintainer: nobody <n@example.invalid>\n\(fields)Description: a test\n"
        )
        try lab.scratch.file("\(own)/DEBIAN/postinst", "#!/bin/sh\nset -e\n\(script)\n", mode: 0o755)
        let file = tree + ".deb"
        try Program.must(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, file])
        return file
    }

    // MARK: - Releases

    static let architecture = (try? Program.run(["dpkg", "--print-architecture"]).output) ?? ""

    func release(
        _ files: [String], version: String, fleet: String? = nil, architecture: String? = nil, root: SigningKey? = nil,
        expires: Duration = .seconds(3600), size: UInt64? = nil
    ) throws -> Cordon_V1_SignedRelease {
        let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
        var release = Cordon_V1_Release()
        release.fleet = fleet ?? self.fleet
        release.version = version
        release.architecture = architecture ?? Self.architecture
        release.createdUs = (now + .seconds(-7200)).microseconds
        release.expiresAtUs = (now + expires).microseconds
        release.files = try files.map { file in
            let bytes = try Self.bytes(file)
            return .with {
                $0.package = file.contains("/cordon-agent-") ? "cordon-agent" : "cordon-enforcer"
                $0.size = size ?? UInt64(bytes.count)
                $0.sha256 = Data(Fingerprint(of: bytes).bytes)
            }
        }
        let envelope = try ReleaseEnvelope(signing: try release.serializedBytes(), with: root ?? self.root)
        return .with {
            $0.release = Data(envelope.release)
            $0.signature = Data(envelope.signature)
        }
    }

    static func bytes(_ file: String) throws -> [UInt8] {
        guard let bytes = TextFile.bytes(file, limit: 1 << 26) else { throw Program.Failure(what: file) }
        return bytes
    }

    /// An offer of a version with a fault, from 1.0 on, and the packages of both.
    func offer(
        _ version: String, _ fault: Fault = [], rollout: UInt8 = 1, back: Fault = [], hasWayBack: Bool = true
    ) throws -> (offer: Cordon_V1_UpgradeOffer, packages: [String]) {
        let (new, old) = (try package(version: version, fault), try package(version: "1.0", back))
        var offer = Cordon_V1_UpgradeOffer()
        offer.release = try release(new, version: version)
        if hasWayBack { offer.previous = try release(old, version: "1.0", expires: .seconds(-60)) }
        offer.rolloutID = Data(repeating: rollout, count: 16)
        return (offer, new + old)
    }

    // MARK: - The socket

    func ask(_ fill: (inout Cordon_V1_EnforcerRequest) throws -> Void) throws -> Cordon_V1_EnforcerResponse {
        let stream = try FrameStream(connecting: "/proc/\(host.pid)/root/run/cordon/enforcer.sock")
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 7
        try fill(&request)
        try stream.write(try request.serializedBytes())
        guard let bytes = try stream.read() else { throw Program.Failure(what: "closed") }
        return try Cordon_V1_EnforcerResponse(serializedBytes: bytes)
    }

    func offered(_ offer: Cordon_V1_UpgradeOffer) throws -> Cordon_V1_UpgradeState {
        try ask { $0.upgrade = offer }.upgrade
    }

    func give(_ part: Cordon_V1_ReleasePart) throws -> Cordon_V1_UpgradeState {
        try ask { $0.releasePart = part }.upgrade
    }

    /// The part that is wanted, of these packages.
    func part(
        _ want: Cordon_V1_ReleaseWant, of packages: [String], atMost most: Int = 512 << 10
    ) throws -> Cordon_V1_ReleasePart {
        for file in packages {
            let bytes = try Self.bytes(file)
            guard Data(Fingerprint(of: bytes).bytes) == want.sha256 else { continue }
            return .with {
                $0.sha256 = want.sha256
                $0.offset = want.offset
                $0.data = Data(bytes[Int(want.offset)...].prefix(most))
            }
        }
        throw Program.Failure(what: "nobody has \(want)")
    }

    /// Carries as an agent does, until nothing more is wanted.
    func carry(_ offer: Cordon_V1_UpgradeOffer, _ packages: [String], most: Int = 512 << 10) throws
        -> Cordon_V1_UpgradeState
    {
        var state = try offered(offer)
        while state.hasWant { state = try give(part(state.want, of: packages, atMost: most)) }
        return state
    }

    /// How it ended, asked for as an agent does whose enforcer is started anew meanwhile.
    func ended(_ offer: Cordon_V1_UpgradeOffer, within seconds: Int = 90) throws -> Cordon_V1_UpgradeState {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if let state = try? offered(offer), state.stage != .installing, state.stage != .unspecified { return state }
            usleep(50_000)
        }
        throw Program.Failure(what: "it does not end: \(said)")
    }

    /// What the upgrader and the daemons said.
    var said: String {
        (try? Program.run(["tail", "-n", "60", lab.scratch.path + "/boot.log"]).output) ?? ""
    }

    /// What is written down of the upgrade that was begun.
    var record: Cordon_V1_UpgradeRecord? {
        guard let bytes = RecordFile.read(folder + "/begun") else { return nil }
        return try? Cordon_V1_UpgradeRecord(serializedBytes: bytes)
    }

    /// Waits for a step of it.
    func awaits(_ step: Cordon_V1_UpgradeRecord.Step) throws {
        for _ in 0..<3000 {
            if record?.step == step { return }
            usleep(5000)
        }
        throw Program.Failure(what: "\(step) does not come: \(String(describing: record)) \(said)")
    }

    /// Waits for a file in the upgrades' folder.
    func awaits(file: String) throws {
        for _ in 0..<3000 {
            if TextFile.names(in: folder).contains(file) { return }
            usleep(5000)
        }
        throw Program.Failure(what: "\(file) does not come: \(said)")
    }

    /// Kills the upgrader and all that it started.
    func killUpgrader() throws { try inside("systemctl kill --signal=KILL cordon-upgrade.service") }

    // MARK: - Orders

    private func keySet() throws -> Cordon_V1_SignedOrderKeySet {
        var set = Cordon_V1_OrderKeySet()
        (set.version, set.fleet) = (1, fleet)
        set.expiresAtUs = (Int64(time(nil)) + 86_400) * 1_000_000
        set.keys = [Data(orderKey.verifyingKey.rawBytes)]
        let envelope = try KeySetEnvelope(signing: try set.serializedBytes(), with: root)
        return .with {
            $0.keySet = Data(envelope.keySet)
            $0.signature = Data(envelope.signature)
        }
    }

    func execute(_ action: Action) throws -> OrderResult {
        var random = SystemRandomNumberGenerator()
        let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
        let order = Order(
            id: OrderID(UUIDv7(at: now, random: (random.next(), random.next()))), fleet: fleet, agent: agent,
            action: action, issuedAt: now, expiresAt: now + .seconds(600), requestedBy: "tester", reason: "a test")
        let envelope = try OrderEnvelope(signing: try Cordon_V1_Order(order).serializedBytes(), with: orderKey)
        let response = try ask {
            $0.execute.order = Data(envelope.order)
            $0.execute.keyID = Data(envelope.keyID)
            $0.execute.signature = Data(envelope.signature)
        }
        guard case .result(let result) = response.response else { throw Program.Failure(what: "\(response)") }
        return try result.model()
    }
}

extension UpgradeGround {
    /// As packaged, but for when it is started again.
    private static func upgradeUnit() throws -> String {
        let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try Program.must(["cat", folder + "/packaging/systemd/cordon-upgrade.service"])
        return text.replacing("RestartSec=10s", with: "RestartSec=100ms") + "\n[Unit]\nDefaultDependencies=no\n"
    }

    private static let enforcerUnit = """
        [Unit]
        DefaultDependencies=no
        StartLimitIntervalSec=0
        [Service]
        Type=notify
        ExecStart=/usr/sbin/cordon-enforcer run
        Restart=always
        RestartSec=200ms
        RuntimeDirectory=cordon
        RuntimeDirectoryPreserve=yes
        """

    private static let agentUnit = """
        [Unit]
        DefaultDependencies=no
        StartLimitIntervalSec=0
        [Service]
        ExecStart=/usr/sbin/cordon-agent
        Restart=always
        RestartSec=100ms
        """

    /// Says over and over that the controller is heard, as an EnforcerRequest of status.
    private static let agentScript = """
        import os, socket, sys, time
        kind = sys.argv[1]
        while kind != 'dead':
            if kind == 'well' or kind == 'late' and not os.path.exists('/run/hold'):
                try:
                    s = socket.socket(socket.AF_UNIX); s.connect('/run/cordon/enforcer.sock')
                    s.sendall(bytes([0, 0, 0, 6, 8, 1, 0x22, 2, 0x20, 1])); s.recv(4096); s.close()
                except OSError: pass
            time.sleep(0.1)
        """
}
