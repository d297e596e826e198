internal import AgentEnforce
internal import CordonModel
internal import CordonOrders
internal import CordonTesting
internal import CordonWire
internal import Glibc
internal import SwiftProtobuf

/// The real `cordon-enforcer`, given signed orders over its socket, as the agent does.
final class CordonBlocker: Blocker {
    let name = "cordon"
    let note = "signed orders over the enforcer's socket; journal synced, proof read back"
    private let fleet: BenchFleet
    private var child: Child?
    private var lists = 0

    init(_ folder: String) throws {
        fleet = try BenchFleet(folder: folder)
        Shell.run(
            """
            cat > \(folder)/enforcer.toml <<'END'
            socket = "\(folder)/enforcer.sock"
            state_directory = "\(folder)/state"
            policy_directory = "\(folder)/policy.d"
            identity = "\(folder)/identity.toml"
            policy_root = "\(folder)/root.pub"
            agent_user = "4242"
            controllers = ["10.66.0.2:7443"]
            END
            """)
    }

    func start() throws {
        kill()
        Shell.run("rm -rf \(fleet.folder)/state \(fleet.folder)/enforcer.sock; nft flush ruleset")
        child = try Child([
            Binaries.besideThisProcess + "/cordon-enforcer", "run", "--config", fleet.folder + "/enforcer.toml",
        ])
        _ = try Waiting.until("the enforcer") { FrameStream.isListening(socket) ? true : nil }
        let keys = try fleet.keySet()
        _ = try ask(on: try FrameStream(connecting: socket)) { $0.keySet = keys }
    }

    private var socket: String { fleet.folder + "/enforcer.sock" }

    func block(_ networks: [String], seconds: Int, patience: Int) throws {
        let parsed = networks.compactMap { Network($0) }
        let duration = Duration.seconds(seconds)
        if parsed.count == 1, let network = parsed.first {
            return try execute(.blockAddress(AddressBlock(network: network, duration: duration)))
        }
        guard let list = AddressList(parsed) else { throw TestFailure("They are no list.") }
        lists += 1
        try execute(.blockAddresses(AddressListBlock(name: "bench-\(lists)", list: list, duration: duration)))
    }

    /// The controller has signed the order, and the agent holds its connection, when the clock starts.
    func readied(_ network: String, seconds: Int) throws -> () throws -> Void {
        guard let network = Network(network) else { throw TestFailure("\(network) is no network.") }
        let action = Action.blockAddress(AddressBlock(network: network, duration: .seconds(seconds)))
        let order = try fleet.order(action)
        let stream = try FrameStream(connecting: socket)
        return { try self.execute(action, order, on: stream) }
    }

    private func execute(_ action: Action) throws {
        try execute(action, try fleet.order(action), on: try FrameStream(connecting: socket))
    }

    private func execute(_ action: Action, _ order: Cordon_V1_SignedOrder, on stream: borrowing FrameStream) throws {
        let response = try ask(on: stream) { $0.execute = order }
        guard case .result(let result) = response.response, try result.model().outcome == .succeeded else {
            throw TestFailure("\(action.kind) did not succeed: \(response)")
        }
    }

    private func ask(
        on stream: borrowing FrameStream, _ fill: (inout Cordon_V1_EnforcerRequest) -> Void
    ) throws -> Cordon_V1_EnforcerResponse {
        var request = Cordon_V1_EnforcerRequest()
        request.requestID = 1
        fill(&request)
        try stream.write(try request.serializedBytes())
        guard let bytes = try stream.read() else { throw TestFailure("The enforcer closed the connection.") }
        return try Cordon_V1_EnforcerResponse(serializedBytes: bytes)
    }

    var processes: [Int32] { child.map { [$0.pid] } ?? [] }

    func kill() {
        guard let child else { return }
        Glibc.kill(child.pid, SIGKILL)
        child.wait()
        self.child = nil
    }
}
