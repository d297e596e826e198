import AgentEnforce
import CordonModel
import CordonOrders
import CordonTrust
import CordonWire
import FoundationEssentials
import Glibc
import SwiftProtobuf

/// A fleet of one host: keys and files as `cordon-controller init` and enrolment make them.
struct Enrolled {
    let scratch: Scratch
    let root = SigningKey()
    let key = SigningKey()
    let fleet = "test"
    let agent = AgentID(UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    /// Microseconds; advances so that later orders have later numbers.
    let now: @Sendable () -> Timestamp = { Timestamp(microseconds: Int64(time(nil)) * 1_000_000) }

    init(_ scratch: Scratch, policy: String = "", settings: String = "") throws {
        self.scratch = scratch
        try Program.must(["mkdir", "-p", scratch.path + "/policy.d"])
        try scratch.file("policy.d/10.toml", policy)
        try scratch.file("identity.toml", "fleet = \"\(fleet)\"\nagent = \"\(agent)\"\n")
        try scratch.file("root.pub", HexDigit.text(root.verifyingKey.rawBytes) + "\n")
        try scratch.file(
            "enforcer.toml",
            """
            socket = "\(scratch.path)/enforcer.sock"
            state_directory = "\(scratch.path)/state"
            policy_directory = "\(scratch.path)/policy.d"
            identity = "\(scratch.path)/identity.toml"
            policy_root = "\(scratch.path)/root.pub"
            agent_user = "\(Lab.agentUser)"
            controllers = ["10.66.0.2:7443", "[fd66::2]:7443"]
            \(settings)
            """)
    }

    func keySet(
        version: UInt64 = 1, keys: [SigningKey]? = nil, fleet: String? = nil, root: SigningKey? = nil,
        life: Duration = .seconds(86_400), approvers: [Approver] = []
    ) throws
        -> Cordon_V1_SignedOrderKeySet
    {
        var set = Cordon_V1_OrderKeySet()
        set.version = version
        set.fleet = fleet ?? self.fleet
        set.expiresAtUs = (now() + life).microseconds
        set.keys = (keys ?? [key]).map { Data($0.verifyingKey.rawBytes) }
        set.approvers = approvers.map { Cordon_V1_Approver($0) }
        let envelope = try KeySetEnvelope(signing: try set.serializedBytes(), with: root ?? self.root)
        var signed = Cordon_V1_SignedOrderKeySet()
        signed.keySet = Data(envelope.keySet)
        signed.signature = Data(envelope.signature)
        return signed
    }

    func order(
        _ action: Action, life: Duration = .seconds(600), issued: Duration = .zero, id: OrderID? = nil,
        agent: AgentID? = nil, fleet: String? = nil
    ) -> Order {
        var random = SystemRandomNumberGenerator()
        let issuedAt = now() + issued
        return Order(
            id: id ?? OrderID(UUIDv7(at: now(), random: (random.next(), random.next()))), fleet: fleet ?? self.fleet,
            agent: agent ?? self.agent, action: action, issuedAt: issuedAt, expiresAt: issuedAt + life,
            requestedBy: "tester", reason: "a test")
    }

    /// The order with the approvals of these keys.
    func sign(_ order: Order, approvedBy people: [SigningKey]) throws -> Cordon_V1_SignedOrder {
        var signed = try sign(order)
        signed.approvals = try people.map { Cordon_V1_Approval(try Approval(of: [UInt8](signed.order), with: $0)) }
        return signed
    }

    func sign(_ order: Order, with other: SigningKey? = nil) throws -> Cordon_V1_SignedOrder {
        try sign(bytes: try Cordon_V1_Order(order).serializedBytes(), with: other)
    }

    /// What the journal knows a signed order by.
    func digest(of signed: Cordon_V1_SignedOrder) throws -> [UInt8] { Fingerprint(of: [UInt8](signed.order)).bytes }

    func sign(bytes: [UInt8], with other: SigningKey? = nil) throws -> Cordon_V1_SignedOrder {
        let envelope = try OrderEnvelope(signing: bytes, with: other ?? key)
        var signed = Cordon_V1_SignedOrder()
        signed.order = Data(envelope.order)
        signed.keyID = Data(envelope.keyID)
        signed.signature = Data(envelope.signature)
        return signed
    }
}

/// The real `cordon-enforcer`, in a network namespace, asked over its socket.
final class EnforcerProcess: Sendable {
    let program: Program
    let fleet: Enrolled
    private let isChild: Bool

    /// Started and ready; its keys accepted.
    convenience init(_ fleet: Enrolled, in space: String) throws {
        // Not by `ip netns exec`, which hides the cgroups.
        try self.init(fleet, entering: ["nsenter", "--net=/run/netns/\(space)"])
    }

    /// The same behind a program that starts it; in namespaces of processes that one stays, as its parent.
    init(_ fleet: Enrolled, entering prefix: [String], isChild: Bool = false) throws {
        self.fleet = fleet
        self.isChild = isChild
        let ready = try NotifySocket(fleet.scratch.path + "/notify")
        program = try Program(
            prefix + [Self.binary, "run", "--config", fleet.scratch.path + "/enforcer.toml"],
            environment: ["NOTIFY_SOCKET=" + fleet.scratch.path + "/notify"], errorsTo: fleet.scratch.path + "/log")
        guard ready.hears("READY=1") else {
            throw Program.Failure(
                what:
                    "no start: \((try? Program.run(["cat", fleet.scratch.path + "/log"]).output) ?? "")"
            )
        }
        _ = try ask { $0.keySet = try fleet.keySet() }
    }

    /// Beside the test bundle.
    static let binary: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        let folder = bundle.split(separator: "/").dropLast().joined(separator: "/")
        return (bundle.hasPrefix("/") ? "/" : "") + folder + "/cordon-enforcer"
    }()

    func kill() {
        let child = isChild ? (try? Program.run(["pgrep", "-P", "\(program.pid)"]).output).flatMap { pid_t($0) } : nil
        Glibc.kill(child ?? program.pid, SIGKILL)
        _ = program.wait()
    }

    func ask(_ fill: (inout Cordon_V1_EnforcerRequest) throws -> Void) throws -> Cordon_V1_EnforcerResponse {
        let stream = try FrameStream(connecting: fleet.scratch.path + "/enforcer.sock")
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 7
        try fill(&request)
        try stream.write(try request.serializedBytes())
        guard let bytes = try stream.read() else { throw Program.Failure(what: "closed") }
        return try Cordon_V1_EnforcerResponse(serializedBytes: bytes)
    }

    func execute(_ action: Action) throws -> OrderResult { try execute(fleet.order(action)) }

    func execute(_ order: Order) throws -> OrderResult { try execute(fleet.sign(order)) }

    func execute(_ signed: Cordon_V1_SignedOrder) throws -> OrderResult {
        let response = try ask { $0.execute = signed }
        guard case .result(let result) = response.response else { throw Program.Failure(what: "\(response)") }
        return try result.model()
    }

    /// Waits for news after a revision, where one is given.
    func status(after revision: UInt64? = nil, heard: [UInt64] = []) throws -> Cordon_V1_EnforcerStatus {
        try ask {
            $0.status.heard = heard
            guard let revision else {
                $0.status.waitS = 0
                return
            }
            ($0.status.revision, $0.status.waitS) = (revision, 60)
        }.status
    }

    /// Asks until the closure is satisfied, at most so long: for what the enforcer does by itself.
    func becomes(within seconds: Int = 30, _ wanted: () throws -> Bool) rethrows -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try wanted() { return true }
            usleep(20_000)
        }
        return false
    }
}

/// Where a daemon says that it is ready.
final class NotifySocket: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        unsafe unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw Program.Failure(what: "bind \(path)") }
    }

    deinit { close(descriptor) }

    func hears(_ word: String, within milliseconds: Int32 = 20_000) -> Bool {
        while true {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wait, 1, milliseconds) > 0 else { return false }
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count > 0,
                String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").contains(where: { $0 == word })
            {
                return true
            }
        }
    }
}
