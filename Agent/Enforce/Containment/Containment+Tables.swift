internal import CordonModel

/// Tables of rules that are made of held effects.
extension Containment {
    /// Writes a table anew as `desired` has it, ends what is connected that it is about, and proves that it is there.
    mutating func renew(
        _ table: HeldTable, desired: DesiredState, clock: BootClock, lines: [String] = [],
        since start: ContinuousClock.Instant = .now, cutting cut: (FlowCutter) -> FlowCutter.Count = { _ in .init() }
    ) throws(EnforceError) -> Proof {
        let messages = table.messages(desired, clock: clock)
        try firewall.replaceTable(table.name, with: messages, doing: table.kind.rawValue)
        let applied = ContinuousClock.now - start
        let count = cut(cutter)
        let readBack = try firewall.readBack(table.name)
        tablesInForce[table] = messages.isEmpty ? nil : readBack
        let rules = NFT.ruleCount(messages)
        return Proof(
            applied: lines + [count.fault].compactMap(\.self), rulesHash: readBack.hash, socketsReset: count.sockets,
            flowsDeleted: count.flows, appliedMicroseconds: applied.microseconds,
            probes: [
                Proof.Probe(
                    name: "rules_in_force", passed: readBack.rules == rules,
                    observed: "\(readBack.chains) chains and \(readBack.rules) rules read back from the kernel")
            ])
    }

    mutating func repairTables(
        _ desired: DesiredState, clock: BootClock, thorough: Bool
    ) throws(EnforceError) -> [String] {
        var said: [String] = []
        for (table, inForce) in tablesInForce {
            let whole = thorough ? try firewall.readBack(table.name) == inForce : isThere(table.name)
            guard !whole else { continue }
            _ = try renew(table, desired: desired, clock: clock)
            said.append("What \(table.kind.rawValue) asked for was put back: its table was gone or changed.")
            repairs += 1
        }
        return said
    }
}
