internal import AgentNetlink
internal import CordonModel
internal import Glibc

/// Tables of rules that are made of held effects.
extension Containment {
    /// Writes a table anew as `desired` has it, ends what is connected that it is about, and proves that it is there.
    mutating func renew(
        _ table: HeldTable, desired: DesiredState, clock: BootClock, lines: [String] = [],
        since start: ContinuousClock.Instant = .now, cutting cut: (FlowCutter) -> FlowCutter.Count = { _ in .init() }
    ) throws(EnforceError) -> Proof {
        let messages = try replace(table, desired, clock: clock)
        let applied = ContinuousClock.now - start
        let count = cut(cutter)
        let readBack = try firewall.readBack(table.name)
        tablesInForce[table] = messages.isEmpty ? nil : readBack
        missing.remove(.table(table))
        let rules = NFT.ruleCount(messages)
        return Proof(
            applied: lines + [count.fault, table == .domains ? reach.fault : nil].compactMap(\.self),
            rulesHash: readBack.hash,
            socketsReset: count.sockets,
            flowsDeleted: count.flows, appliedMicroseconds: applied.microseconds,
            probes: [
                Proof.Probe(
                    name: "rules_in_force", passed: readBack.rules == rules,
                    observed: "\(readBack.chains) chains and \(readBack.rules) rules read back from the kernel")
            ])
    }

    private mutating func replace(
        _ table: HeldTable, _ desired: DesiredState, clock: BootClock
    ) throws(EnforceError) -> [NetlinkMessage] {
        do {
            let messages = try table.messages(desired, lists, reach, clock: clock)
            try firewall.replaceTable(table.name, with: messages, doing: table.purpose)
            return messages
        } catch {
            // An older kernel refuses what it cannot look at: asked for less, until there is no less.
            // What it has no memory for, or no room, it may take the next time: that is no reason to ask for less.
            guard table == .domains, let number = error.number, [EINVAL, EOPNOTSUPP, ERANGE].contains(number),
                let less = reach.less
            else { throw error }
            let before = reach
            reach = less
            do { return try replace(table, desired, clock: clock) } catch {
                reach = before
                throw error
            }
        }
    }

    mutating func repairTables(_ desired: DesiredState, clock: BootClock, thorough: Bool) -> [String] {
        var said: [String] = []
        for (table, inForce) in tablesInForce where !missing.contains(.table(table)) {
            do {
                let whole = thorough ? try firewall.readBack(table.name) == inForce : isThere(table.name)
                guard !whole else { continue }
                _ = try renew(table, desired: desired, clock: clock)
                said.append("\(table.purpose): put back, for its table was gone or changed.")
                repairs += 1
            } catch  where error.code == "list.damaged" {
                // It cannot be put back, now or later: said once.
                tablesInForce[table] = nil
                said.append("\(table.purpose): not put back. \(error.message)")
            } catch {
                said += miss(.table(table), error)
            }
        }
        return said
    }

    /// Whether a table could not be read from its file, so that it will not be in force.
    func isDamaged(_ table: HeldTable) -> Bool { tablesInForce[table] == nil && !missing.contains(.table(table)) }
}
