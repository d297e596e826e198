package import CordonModel
internal import Glibc

/// Leaving a host for good, before the package is removed: refused while the host is isolated; otherwise nothing of ours
/// stays in the kernel. The journal stays, so that an enforcer that is installed again puts the blocks back.
///
/// Only while no enforcer runs: two must not have the journal open.
package enum Departure {
    /// What is said where a host is isolated, by the running enforcer or by its journal.
    package static func refusal(until: Timestamp) -> EnforceError {
        EnforceError(
            "enforcer.isolated",
            "This host is isolated until \(until): without cordon-enforcer nobody could release it.",
            remedy:
                "End it first, with cordon-enforcer running: cordon-enforcer release --reason 'removing the package'")
    }

    /// Throws while the journal in this folder says that the host is isolated, or cannot be read. Otherwise says what is
    /// to be in force.
    package static func check(stateFolder: String, clock: BootClock = .live) throws(EnforceError) -> String {
        "This host is not isolated; \(try blocks(in: stateFolder, clock: clock)) blocks are to be in force."
    }

    /// Throws where `check` does. Otherwise lets go on what is frozen and unlocks what is locked, which nobody would when
    /// its time is over, takes our tables out of the kernel, and says what that ended. A kernel that lets nobody at its
    /// tables has none of ours. Files stay in quarantine.
    /// - Parameter accounts: The folder of passwd, group and shadow.
    package static func leave(
        stateFolder: String, accounts: String, clock: BootClock = .live
    ) throws(EnforceError) -> String {
        let blocks = try blocks(in: stateFolder, clock: clock)
        var said = try endEffects(in: stateFolder, accounts: accounts, clock: clock)
        do throws(EnforceError) {
            var firewall = try Firewall()
            try firewall.release()
            try firewall.dropBlocks()
            for table in HeldTable.fixed { try firewall.replaceTable(table.name, with: [], doing: "leave") }
            for name in try firewall.tables() where ListRules.name(ofTable: name) != nil {
                try firewall.replaceTable(name, with: [], doing: "leave")
            }
            if blocks > 0 {
                said.append(
                    "\(blocks) blocks ended; cordon-enforcer puts them back when it is installed again in time.")
            }
        } catch {
            said.append("No rules were taken out of the kernel. \(error.message)")
        }
        return said.isEmpty ? "Nothing was in force on this host." : said.joined(separator: " ")
    }

    /// Ends what is held besides rules, and says so.
    private static func endEffects(
        in folder: String, accounts: String, clock: BootClock
    ) throws(EnforceError) -> [String] {
        guard unsafe access("\(folder)/journal", F_OK) == 0 else { return [] }
        var journal = try OrderJournal(folder: folder, clock: clock)
        var said: [String] = []
        var resumed = 0
        let hadBlocked = journal.desired.held.keys.contains { $0.kind == .blockExecutable }
        for effect in journal.desired.held.values.sorted(by: { $0.title < $1.title })
        where HeldTable(effect.key) == nil {
            // Like files in quarantine: they harm nobody, and their order can be undone when one comes back.
            if effect.key.kind == .removeSSHKey {
                said.append("The key \(effect.title) stays removed.")
                continue
            }
            if effect.key.kind == .disableCronEntry {
                said.append("The cron entry \(effect.title) stays turned off.")
                continue
            }
            if let frozen = FrozenProcesses(bytes: effect.undo), effect.key.kind == .freezeProcess {
                let report = try? ProcessFreeze(policy: LocalPolicy(), agentUser: 0).thaw(frozen)
                resumed += report?.resumed ?? 0
            }
            if let locked = LockedAccount(bytes: effect.undo), effect.key.kind == .lockAccount {
                try AccountLock(accounts: Accounts(folder: accounts), policy: LocalPolicy(), agentUser: 0).unlock(
                    locked)
                said.append("The account \(effect.title) is unlocked.")
            }
            if let stopped = StoppedService(bytes: effect.undo), effect.key.kind == .stopService {
                do { try UnitMask().undo(stopped) } catch {
                    throw EnforceError(
                        "service.not_restored", "The unit \(effect.title) cannot be given back: \(error)")
                }
                said.append("The unit \(effect.title) is as it was.")
            }
            try journal.append([.ended(effect.key, why: "the package is removed")], urgent: true)
        }
        if hadBlocked {
            try BlockedExecutables(revision: .random(in: 1 ... .max), entries: []).write(
                to: BlockedExecutables.path(in: folder))
            said.append("Programs that were blocked can start.")
        }
        if resumed > 0 { said.append("\(resumed) frozen process\(resumed == 1 ? " goes" : "es go") on.") }
        return said
    }

    /// How many blocks the journal says are to be in force; none where there is no journal.
    private static func blocks(in folder: String, clock: BootClock) throws(EnforceError) -> Int {
        guard unsafe access("\(folder)/journal", F_OK) == 0 else { return 0 }
        let desired = try OrderJournal(folder: folder, clock: clock).desired
        let state = desired.state(clock: clock)
        if let until = state.isolatedUntil, !desired.isIsolationOver(clock: clock) { throw refusal(until: until) }
        return state.blocks.count + desired.held.keys.count { HeldTable($0) != nil }
    }
}
