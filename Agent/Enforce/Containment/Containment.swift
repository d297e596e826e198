internal import AgentNetlink
package import CordonModel
internal import CordonOrders
internal import Glibc

/// The host's containment: brings about in the kernel what the desired state says, proves it, and puts it back when it
/// is lost.
package struct Containment: Sendable {
    var firewall: Firewall
    let lists: ListFiles
    package let agentUser: UInt32
    /// Addresses of controllers; changes when the host is enrolled.
    package var controllers: [Endpoint]
    /// Times a containment was found missing and put back.
    package internal(set) var repairs: UInt64 = 0
    /// The kernel may hold an isolation: one was begun, and not ended since.
    private(set) var isIsolating = false
    /// What the kernel held right after the rules were put in force.
    private(set) var isolationInForce: (rules: IsolationRules, readBack: Firewall.ReadBack)?
    private var blocksInForce: Firewall.ReadBack?
    var tablesInForce: [HeldTable: Firewall.ReadBack] = [:]
    /// What the kernel refused, and when it is asked again.
    var missing: Set<Part> = []
    var nextTry = ContinuousClock.now
    /// The host's interfaces but loopback.
    var listInterfaces: @Sendable () throws(NetlinkError) -> [String] = { () throws(NetlinkError) in
        var links = try LinkTable()
        return try links.interfaces()
    }
    /// Whether they could not be listed when that was last tried, and that was told.
    var isUnlistedTold = false
    /// Why the kernel refused what stops raw sockets, when that was last tried; and whether that was told.
    private(set) var egressRefused: EnforceError?
    var isRefusalTold = false
    /// How far the kernel can look into queries.
    var reach = DomainRules.Reach.everywhere

    init(firewall: Firewall, lists: ListFiles, agentUser: UInt32, controllers: [Endpoint]) {
        self.firewall = firewall
        self.lists = lists
        self.agentUser = agentUser
        self.controllers = controllers
    }

    /// Whether tables are owned and outlive the enforcer (kernel 6.9).
    package var ownsTables: Bool { firewall.ownsTables }

    var cutter: FlowCutter { FlowCutter(agentUser: agentUser, controllers: controllers) }

    // MARK: - Isolation

    /// Cuts the host off. Sockets are reset first, while the resets still reach the other ends; then the rules come
    /// into force in one transaction; then whatever connected in between is reset too.
    mutating func isolate(
        _ level: Isolation.Level, since start: ContinuousClock.Instant = .now
    ) throws(EnforceError) -> Proof {
        let own = ownAddresses
        var cut = cutter.cutSockets(own: own)
        isIsolating = true
        let (wanted, fault) = rules(level)
        if let fault { cut.fault = cut.fault.map { "\($0); \(fault)" } ?? fault }
        let (rules, refused) = try firewall.isolate(wanted) { [listInterfaces] in
            (try? listInterfaces())?.prefix(IsolationRules.mostInterfaces).sorted() ?? wanted.interfaces
        }
        egressRefused = refused
        if refused != nil { missing.insert(.egress) } else { missing.remove(.egress) }
        let applied = ContinuousClock.now - start
        cut += cutter.cutSockets(own: own)
        cut += cutter.cutFlows(own: own)
        return try proveIsolation(rules, level, cut, applied, isListed: fault == nil)
    }

    private mutating func proveIsolation(
        _ rules: IsolationRules, _ level: Isolation.Level, _ cut: FlowCutter.Count, _ applied: Duration, isListed: Bool
    ) throws(EnforceError) -> Proof {
        let readBack = try firewall.readBack(IsolationRules.table)
        isolationInForce = (rules, readBack)
        missing.remove(.isolation)
        let chains = 3 + rules.interfaces.count
        let whole = readBack.rules >= rules.ruleCount && readBack.chains >= chains
        var lines = ["table inet \(IsolationRules.table)\(firewall.ownsTables ? ", owned and persistent" : "")"]
        lines += rules.controllers.map { "kept: user \(rules.agentUser) to \($0)" }
        lines.append(rawSockets(rules, level, isListed: isListed))
        if let fault = cut.fault { lines.append(fault) }
        return Proof(
            applied: lines, rulesHash: readBack.hash, socketsReset: cut.sockets, flowsDeleted: cut.flows,
            appliedMicroseconds: applied.microseconds,
            probes: [
                Proof.Probe(
                    name: "rules_in_force", passed: whole,
                    observed: "\(readBack.chains) chains and \(readBack.rules) rules read back from the kernel")
            ])
    }

    /// What stops raw sockets, as a line of the proof.
    private func rawSockets(_ rules: IsolationRules, _ level: Isolation.Level, isListed: Bool) -> String {
        if level == .network { return "raw sockets are not stopped: level network" }
        if let egressRefused {
            let closed = rules.interfaces.isEmpty ? "none" : rules.interfaces.prefix(20).joined(separator: ", ")
            return "raw sockets are not all stopped yet: egress of \(closed). \(egressRefused.message)"
        }
        if !rules.interfaces.isEmpty { return "egress of \(rules.interfaces.prefix(20).joined(separator: ", "))" }
        guard firewall.hasEgress else { return "raw sockets are not stopped: this kernel has no egress hook" }
        return isListed ? "no interfaces but loopback" : "raw sockets are not stopped yet: no interface is known"
    }

    /// Ends the isolation; idempotent.
    package mutating func release(since start: ContinuousClock.Instant = .now) throws(EnforceError) -> Proof {
        try firewall.release()
        (isolationInForce, isIsolating) = (nil, false)
        missing.subtract([.isolation, .egress])
        let applied = ContinuousClock.now - start
        let left = try firewall.readBack(IsolationRules.table)
        return Proof(
            applied: ["removed table \(IsolationRules.table)"], appliedMicroseconds: applied.microseconds,
            probes: [
                Proof.Probe(
                    name: "rules_gone", passed: left.chains == 0,
                    observed: "\(left.chains) chains of the table are left")
            ])
    }

    // MARK: - Blocks

    /// Adds blocks to those in force. `desired` holds all networks that are to be blocked, these among them.
    package mutating func block(
        _ networks: [Network], desired: DesiredState, clock: BootClock, since start: ContinuousClock.Instant = .now
    ) throws(EnforceError) -> Proof {
        if blocksInForce == nil || missing.contains(.blocks) {
            try replaceBlocks(desired, clock: clock)
        } else {
            let now = clock.sinceBoot()
            let lasting = networks.compactMap { network -> (network: Network, milliseconds: UInt64)? in
                guard let end = desired.blocks[network], end - now > 1_000_000 else { return nil }
                return (network, UInt64((end - now) / 1_000_000))
            }
            let hosts = lasting.filter(\.network.isSingleAddress)
            // The kernel keeps the old time of an element that it has: it is taken out in the same transaction.
            if !hosts.isEmpty { try firewall.addHosts(hosts, known: []) }
            for set in Set(lasting.map { BlockRules.SetName.of($0.network) }) where set.isInterval {
                try replaceNetworks(set, desired: desired, clock: clock)
            }
        }
        let applied = ContinuousClock.now - start
        let cut = cutter.cut(networks)
        return try proveBlocks("blocked", networks, cut, applied)
    }

    /// Gives blocks that are in force another end.
    package mutating func prolong(
        _ network: Network, desired: DesiredState, clock: BootClock, since start: ContinuousClock.Instant = .now
    ) throws(EnforceError) -> Proof {
        guard network.isSingleAddress, blocksInForce != nil, !missing.contains(.blocks),
            let end = desired.blocks[network]
        else {
            return try block([network], desired: desired, clock: clock, since: start)
        }
        let milliseconds = UInt64(max(1, (end - clock.sinceBoot()) / 1_000_000))
        try firewall.addHosts([(network, milliseconds)], known: [network])
        return try proveBlocks("blocked", [network], cutter.cut([network]), ContinuousClock.now - start)
    }

    /// Ends a block; idempotent. `desired` no longer has it.
    package mutating func unblock(
        _ network: Network, desired: DesiredState, clock: BootClock, since start: ContinuousClock.Instant = .now
    ) throws(EnforceError) -> Proof {
        if missing.contains(.blocks) {
            // What the kernel holds is not known: it may be a table from before that still has it.
            try replaceBlocks(desired, clock: clock)
        } else if blocksInForce != nil {
            if network.isSingleAddress {
                try firewall.removeHost(network)
            } else {
                try replaceNetworks(BlockRules.SetName.of(network), desired: desired, clock: clock)
            }
        }
        return try proveBlocks("unblocked", [network], .init(), ContinuousClock.now - start)
    }

    mutating func replaceBlocks(_ desired: DesiredState, clock: BootClock) throws(EnforceError) {
        try firewall.replaceBlocks(desired.lasting(clock: clock))
        blocksInForce = try firewall.readBack(BlockRules.table)
        missing.remove(.blocks)
    }

    private mutating func replaceNetworks(
        _ set: BlockRules.SetName, desired: DesiredState, clock: BootClock
    ) throws(EnforceError) {
        let networks = desired.lasting(clock: clock).filter { BlockRules.SetName.of($0.network) == set }
        try firewall.replaceNetworks(networks, in: set)
    }

    private mutating func proveBlocks(
        _ verb: String, _ networks: [Network], _ cut: FlowCutter.Count, _ applied: Duration
    ) throws(EnforceError) -> Proof {
        let readBack = try firewall.readBack(BlockRules.table)
        var lines = networks.prefix(20).map { "\(verb) \($0)" }
        if networks.count > 20 { lines.append("and \(networks.count - 20) more") }
        if let fault = cut.fault { lines.append(fault) }
        let whole = blocksInForce == nil || readBack.rules >= BlockRules.ruleCount
        return Proof(
            applied: lines, rulesHash: readBack.hash, socketsReset: cut.sockets, flowsDeleted: cut.flows,
            appliedMicroseconds: applied.microseconds,
            probes: [
                Proof.Probe(
                    name: "rules_in_force", passed: whole,
                    observed: "\(readBack.chains) chains and \(readBack.rules) rules read back from the kernel")
            ])
    }

    // MARK: - Keeping it so

    /// Looks whether what is desired is in force, and puts back what is not. `thorough` reads the rules back and
    /// compares. Returns sentences about what was put back.
    package mutating func repair(_ desired: DesiredState, clock: BootClock, thorough: Bool) -> [String] {
        var said = restoreMissing(desired, clock: clock)
        do { said += try repairIsolation(desired, clock: clock, thorough: thorough) } catch {
            said += miss(.isolation, error)
        }
        do { said += try repairBlocks(desired, clock: clock, thorough: thorough) } catch {
            said += miss(.blocks, error)
        }
        return said + tellUnlisted(desired) + tellRefused() + repairTables(desired, clock: clock, thorough: thorough)
    }

    private mutating func repairIsolation(
        _ desired: DesiredState, clock: BootClock, thorough: Bool
    ) throws(EnforceError) -> [String] {
        // One that is over, and that the kernel would not end, is not put back.
        guard let isolation = desired.isolation, !missing.contains(.isolation), !desired.isIsolationOver(clock: clock),
            let why = try isolationFault(isolation.level, thorough: thorough)
        else { return [] }
        _ = try isolate(isolation.level)
        repairs += 1
        return ["The isolation was put back: \(why)."]
    }

    private mutating func repairBlocks(
        _ desired: DesiredState, clock: BootClock, thorough: Bool
    ) throws(EnforceError) -> [String] {
        guard let inForce = blocksInForce, !missing.contains(.blocks), !desired.blocks.isEmpty else { return [] }
        let whole = thorough ? try firewall.readBack(BlockRules.table) == inForce : isThere(BlockRules.table)
        guard !whole else { return [] }
        try replaceBlocks(desired, clock: clock)
        repairs += 1
        return ["The blocks were put back: their table was gone or changed."]
    }

    private mutating func isolationFault(_ level: Isolation.Level, thorough: Bool) throws(EnforceError) -> String? {
        guard let inForce = isolationInForce else { return "it was not in force" }
        if !isThere(IsolationRules.table) { return "its table was gone" }
        if firewall.hasEgress, !missing.contains(.egress), rules(level).rules.interfaces != inForce.rules.interfaces {
            return "the interfaces changed"
        }
        if thorough, try firewall.readBack(IsolationRules.table) != inForce.readBack { return "its rules were changed" }
        return nil
    }

    /// Something else than rules was lost and put back.
    mutating func countRepair() { repairs += 1 }

    mutating func isThere(_ table: String) -> Bool { (try? firewall.exists(.inet, table)) ?? false }
}
