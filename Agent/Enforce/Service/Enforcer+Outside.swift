internal import CordonModel
internal import CordonOrders
internal import CordonWire
internal import Logging
internal import Synchronization

/// What is done without holding the lock, because it waits for processes or the disk.
extension Enforcer {
    func perform(_ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant) -> Verdict {
        do {
            switch order.action {
            case .killProcess(let target): return try kill(target, policy, begun: begun)
            case .freezeProcess(let target):
                return try keeping.withLock { _ in try freeze(target, order, policy, begun: begun) }
            case .thawProcess(let order): return try keeping.withLock { _ in try thaw(order, policy, begun: begun) }
            case .blockExecutable(let block):
                return try executables.withLock { try self.block(block, order, policy, &$0, begun: begun) }
            case .unblockExecutable(let order):
                return try executables.withLock { try unblock(order, &$0, begun: begun) }
            case .quarantineFile(let file): return try quarantine(file, order, policy, begun: begun)
            case .deleteFile(let file): return try delete(file, order, policy, begun: begun)
            case .restoreFile(let taken): return try restore(taken, begun: begun)
            case .lockAccount(let locking):
                return try keeping.withLock { _ in try lock(locking, order, policy, begun: begun) }
            case .unlockAccount(let order): return try keeping.withLock { _ in try unlock(order, policy, begun: begun) }
            case .stopService(let stop):
                return try services.withLock { _ in try self.stop(stop, order, policy, begun: begun) }
            case .removeSSHKey(let removal):
                return try keys.withLock { _ in try removeKey(removal, order, policy, begun: begun) }
            case .restoreSSHKey(let order):
                return try keys.withLock { _ in try putKeyBack(order, policy, begun: begun) }
            case .disableCronEntry(let entry):
                return try cron.withLock { _ in try disable(entry, order, policy, begun: begun) }
            case .enableCronEntry(let order): return try cron.withLock { _ in try enable(order, begun: begun) }
            case .restoreService(let order): return try services.withLock { _ in try giveBack(order, begun: begun) }
            case .collectFile(let wanted):
                return try quietly(order, within: Self.patienceOfCollection) {
                    try self.collect(wanted, order, policy, begun: begun)
                }
            case .triage(let triage):
                return try quietly(order, within: triage.patience + Self.graceOfTriage) {
                    try self.lookAround(triage, order, policy, begun: begun)
                }
            case .yaraScan(let scan):
                return try quietly(order, within: scan.patience + Self.graceOfTriage) {
                    try self.scan(scan, order, policy, begun: begun)
                }
            case .liveTable(let table):
                return try quietly(order, within: table.patience + Self.graceOfTriage) {
                    try self.tell(table, order, policy, begun: begun)
                }
            case .collectProcessMemory(let wanted):
                return try quietly(order, within: Self.patienceOfCollection) {
                    try self.collectMemory(wanted, order, policy, begun: begun)
                }
            case .isolate, .release, .blockAddress, .unblockAddress, .endBlock, .blockAddresses,
                .unblockAddresses, .cutUserNetwork, .restoreUserNetwork, .sinkholeDomain, .unsinkholeDomain:
                throw EnforceError("order.misrouted", "\(order.action.kind.rawValue) is done under the lock.")
            }
        } catch let refusal as Refusal {
            return Verdict(outcome: .refused(rule: refusal.rule), message: refusal.message)
        } catch let error as EnforceError {
            return Self.failed(error)
        } catch {
            return Verdict(outcome: .failed(code: "order.failed"), message: "\(error)")
        }
    }

    /// Writes down what is about to be in force, or what became of it.
    func write(_ records: [JournalRecord]) throws(EnforceError) {
        try core.withLock { core throws(EnforceError) in try core.journal.append(records) }
    }

    /// Writes down what has happened already.
    func record(_ records: [JournalRecord]) { core.withLock { record(records, &$0) } }

    /// Counts and tells something, other than rules, that somebody undid and that was put back.
    func repaired(_ text: String) {
        core.withLock { $0.containment.countRepair() }
        announcements.announce(.drift, text, at: clock.now())
    }
}
