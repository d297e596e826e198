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

    /// Throws where `check` does. Otherwise lets go on what is frozen, which nobody would when its time is over, takes our
    /// tables out of the kernel, and says what that ended. A kernel that lets nobody at its tables has none of ours.
    package static func leave(stateFolder: String, clock: BootClock = .live) throws(EnforceError) -> String {
        let blocks = try blocks(in: stateFolder, clock: clock)
        let resumed = try thaw(in: stateFolder, clock: clock)
        let others = resumed == 0 ? "" : " \(resumed) frozen process\(resumed == 1 ? " goes" : "es go") on."
        do throws(EnforceError) {
            var firewall = try Firewall()
            try firewall.release()
            try firewall.dropBlocks()
        } catch {
            return "No rules were taken out of the kernel. \(error.message)\(others)"
        }
        let said =
            blocks == 0
            ? resumed == 0 ? "Nothing was in force on this host." : "No blocks were in force."
            : "\(blocks) blocks ended; cordon-enforcer puts them back when it is installed again in time."
        return said + others
    }

    /// Lets go on what is frozen; how many processes.
    private static func thaw(in folder: String, clock: BootClock) throws(EnforceError) -> Int {
        guard unsafe access("\(folder)/journal", F_OK) == 0 else { return 0 }
        var journal = try OrderJournal(folder: folder, clock: clock)
        var resumed = 0
        for effect in journal.desired.held.values where effect.key.kind == .freezeProcess {
            if let frozen = FrozenProcesses(bytes: effect.undo) {
                let report = try? ProcessFreeze(policy: LocalPolicy(), agentUser: 0).thaw(frozen)
                resumed += report?.resumed ?? 0
            }
            try journal.append([.ended(effect.key, why: "the package is removed")], urgent: true)
        }
        return resumed
    }

    /// How many blocks the journal says are to be in force; none where there is no journal.
    private static func blocks(in folder: String, clock: BootClock) throws(EnforceError) -> Int {
        guard unsafe access("\(folder)/journal", F_OK) == 0 else { return 0 }
        let desired = try OrderJournal(folder: folder, clock: clock).desired
        let state = desired.state(clock: clock)
        if let until = state.isolatedUntil, !desired.isIsolationOver(clock: clock) { throw refusal(until: until) }
        return state.blocks.count
    }
}
