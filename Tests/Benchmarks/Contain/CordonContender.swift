internal import AgentEnforce
internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Glibc
internal import Logging

/// The enforcer as the daemon makes it, given signed orders.
struct CordonContender {
    private let folder: String
    private let enforcer: Enforcer
    private let fleet: BenchFleet

    init(folder parent: String) throws {
        folder = "\(parent)/cordon-bench-\(getpid())"
        fleet = try BenchFleet(folder: folder)
        enforcer = try Enforcer(
            .init(
                stateDirectory: folder, policyDirectory: folder + "/policy.d", identityPath: folder + "/identity.toml",
                policyRootPath: folder + "/root.pub", agentUser: 4242,
                controllers: [Endpoint("10.66.0.2:7443"), Endpoint("[2001:db8::2]:7443")].compactMap { $0 },
                version: "bench"),
            log: Logger(label: "bench"))
        _ = try enforcer.accept(try fleet.keySet())
    }

    func measure(rounds: Int, addresses: Int) throws -> Row {
        defer { Shell.run("rm -rf \(folder)") }
        var (isolate, proved): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            let order = try fleet.order(.isolate(Isolation(duration: .seconds(3600))))
            let start = ContinuousClock.now
            isolate.append(try applied(order))
            proved.append(start.elapsed)
            _ = try applied(.release)
        }
        let blocks = (0..<addresses).map {
            AddressBlock(
                network: Network(.v4(0x0B00_0000 + UInt32(truncatingIfNeeded: $0) * 7)), duration: .seconds(3600))
        }
        let start = ContinuousClock.now
        _ = try enforcer.blockAll(blocks)
        let all = start.elapsed / 1000
        var one: [Double] = []
        for number in 0..<50 {
            let network = Network(.v4(0xCB00_7100 + UInt32(truncatingIfNeeded: number)))
            one.append(try applied(.blockAddress(AddressBlock(network: network, duration: .seconds(3600)))))
        }
        return Row(
            "cordon", isolate: isolate, proved: proved, blockOne: one, blockAll: all,
            list: try list(blocks.map(\.network)),
            rss: Self.anonymous)
    }

    /// The same networks as one list, and single addresses beside it.
    private func list(_ networks: [Network]) throws -> (all: Double, one: [Double]) {
        guard let list = AddressList(networks) else { throw EnforceError("bench.failed", "They are no list.") }
        let block = AddressListBlock(name: "bench", list: list, duration: .seconds(3600))
        let all = try applied(.blockAddresses(block)) / 1000
        let one = try (0..<50).map { number in
            let network = Network(.v4(0xCB00_7200 + UInt32(truncatingIfNeeded: number)))
            return try applied(.blockAddress(AddressBlock(network: network, duration: .seconds(3600))))
        }
        return (all, one)
    }

    /// Milliseconds from a signed order received to its being in force, through verifier, journal and kernel.
    private func applied(_ action: Action) throws -> Double { try applied(try fleet.order(action)) }

    private func applied(_ order: Cordon_V1_SignedOrder) throws -> Double {
        let result = try enforcer.execute(order)
        guard result.outcome == .succeeded else { throw EnforceError("bench.failed", result.message) }
        return Double(result.proof.appliedUs) / 1000
    }

    /// Anonymous memory of this process, in KiB.
    private static var anonymous: Int {
        guard let file = unsafe fopen("/proc/self/status", "r") else { return 0 }
        defer { unsafe _ = fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("RssAnon:") { return text.split(separator: " ").compactMap { Int($0) }.first ?? 0 }
        }
        return 0
    }
}
