internal import CordonModel

/// Bringing everything about that is desired, each part for itself: one that the kernel refuses keeps neither the others
/// from being in force nor the enforcer from hearing orders and codes. It is tried again until it is brought about.
extension Containment {
    /// A part that is brought about by itself.
    enum Part: Hashable {
        /// The isolation, or that there is none.
        case isolation
        /// Of the isolation, what stops raw sockets.
        case egress
        case blocks
        case table(HeldTable)
        /// That lists which ended are gone.
        case endedLists

        /// What it does, for people.
        var purpose: String {
            switch self {
            case .isolation: "the isolation"
            case .egress: "what stops raw sockets"
            case .blocks: "blocks of addresses"
            case .table(let table): table.purpose
            case .endedLists: "the end of lists"
            }
        }
    }

    /// How long the kernel is left alone with a part that it refused.
    private static let pause = Duration.seconds(5)

    /// Brings everything about at the start, whatever the kernel holds. Returns sentences about what it refused.
    mutating func restore(_ desired: DesiredState, clock: BootClock) -> [String] {
        let tables = desired.heldTables.union(HeldTable.fixed)
        let said = bring([.isolation, .blocks] + tables.map(Part.table) + [.endedLists], desired, clock: clock)
        return said + tellUnlisted(desired) + tellRefused()
    }

    /// Tries again what the kernel refused, now and then. Returns sentences about what is in force now.
    mutating func restoreMissing(_ desired: DesiredState, clock: BootClock) -> [String] {
        guard !missing.isEmpty, .now >= nextTry else { return [] }
        let before = missing
        let said = bring(Array(before), desired, clock: clock)
        return said + before.subtracting(missing).map { "Brought about, which had failed before: \($0.purpose)." }
    }

    private mutating func bring(_ parts: [Part], _ desired: DesiredState, clock: BootClock) -> [String] {
        var said: [String] = []
        for part in parts {
            do {
                try bringAbout(part, desired, clock: clock)
                missing.remove(part)
            } catch {
                said += miss(part, error)
            }
        }
        nextTry = .now + Self.pause
        return said
    }

    /// Notes that the kernel refused a part: it is tried again. Returns what is to be said of it, once.
    mutating func miss(_ part: Part, _ error: EnforceError) -> [String] {
        guard missing.insert(part).inserted else { return [] }
        nextTry = .now + Self.pause
        return ["Not brought about, tried again every \(Self.pause): \(part.purpose). \(error.message)"]
    }

    /// After an order that failed: what the kernel holds of the table is not known, so it is soon written anew as is
    /// desired.
    mutating func rewrite(_ table: HeldTable) {
        missing.insert(.table(table))
        nextTry = .now
    }

    /// Tries at once what the kernel refused of the tables that effects of a kind are held in; throws what it still does.
    mutating func settle(_ kind: ActionKind, _ desired: DesiredState, clock: BootClock) throws(EnforceError) {
        for part in missing {
            guard case .table(let table) = part, table.kind == kind else { continue }
            try bringAbout(part, desired, clock: clock)
            missing.remove(part)
        }
    }

    private mutating func bringAbout(_ part: Part, _ desired: DesiredState, clock: BootClock) throws(EnforceError) {
        switch part {
        case .isolation:
            if let isolation = desired.isolation, !desired.isIsolationOver(clock: clock) {
                _ = try isolate(isolation.level)
            } else {
                try firewall.release()
            }
        case .egress:
            guard let isolation = desired.isolation, !desired.isIsolationOver(clock: clock) else { return }
            _ = try isolate(isolation.level)
            if let egressRefused { throw egressRefused }
        case .blocks:
            if desired.blocks.isEmpty { try firewall.dropBlocks() } else { try replaceBlocks(desired, clock: clock) }
        case .table(let table): try restore(table, desired, clock: clock)
        case .endedLists:
            let wanted = desired.heldTables
            for name in try firewall.tables().compactMap(ListRules.name) where !wanted.contains(.list(name)) {
                try firewall.replaceTable(ListRules.table(name), with: [], doing: "end a list")
            }
        }
    }

    /// A list that is damaged is not tried again: `isDamaged` tells.
    private mutating func restore(
        _ table: HeldTable, _ desired: DesiredState, clock: BootClock
    ) throws(EnforceError) {
        do {
            _ = try renew(table, desired: desired, clock: clock)
        } catch  where error.code == "list.damaged" {
            // What the kernel has of it since before stays.
            let readBack = try firewall.readBack(table.name)
            if readBack.chains > 0 { tablesInForce[table] = readBack }
        }
    }
}
