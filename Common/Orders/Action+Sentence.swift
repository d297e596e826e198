package import CordonModel

extension Action {
    /// The action as a person would order it, without how long: `kill process 4242, /tmp/x, with its descendants`.
    package var sentence: String {
        switch self {
        case .isolate(let isolation):
            isolation.level == .networkAndRaw ? "isolate" : "isolate, level \(isolation.level.rawValue)"
        case .release: "release"
        case .blockAddress(let block): "block \(block.subject)"
        case .unblockAddress(let network): "unblock \(network)"
        case .endBlock(let order): "unblock what order \(order) blocked"
        case .blockAddresses(let block): "block the list \(block.name) of \(block.list.count) networks"
        case .unblockAddresses(let order): "unblock the list of order \(order)"
        case .cutUserNetwork(let cut): "cut the network of user \(cut.user)"
        case .restoreUserNetwork(let order): "restore the network that order \(order) cut"
        case .sinkholeDomain(let sinkhole): "sinkhole \(sinkhole.domain) and all below it"
        case .unsinkholeDomain(let order): "end the sinkhole of order \(order)"
        case .killProcess(let target): "kill \(target.words)"
        case .freezeProcess(let freezing): "freeze \(freezing.target.words)"
        case .thawProcess(let order): "thaw what order \(order) froze"
        case .blockExecutable(let block): "keep \(block.subject.words) from starting"
        case .unblockExecutable(let order): "let start what order \(order) blocked"
        case .quarantineFile(let file): "quarantine \(file.path)"
        case .restoreFile(let order): "restore what order \(order) took away"
        case .deleteFile(let file): "delete \(file.path)"
        case .lockAccount(let locking): "lock the account \(locking.user)"
        case .unlockAccount(let order): "unlock what order \(order) locked"
        case .stopService(let stop): "stop the unit \(stop.unit)"
        case .removeSSHKey(let removal): "remove the SSH key \(removal.fingerprint) of \(removal.user)"
        case .disableCronEntry(let entry): "turn off the cron entry \(entry.words)"
        case .enableCronEntry(let order): "turn on the cron entry that order \(order) turned off"
        case .restoreSSHKey(let order): "put back the key that order \(order) removed"
        case .restoreService(let order): "give back what order \(order) stopped"
        case .collectFile(let collection): "collect \(collection.path)"
        case .triage: "cut a triage"
        case .yaraScan(let scan): "match \(scan.placeWords) with rules of YARA"
        case .liveTable(let table): "look at the table \(table.name.rawValue)"
        case .collectProcessMemory(let collection): "collect the memory of \(collection.target.words)"
        }
    }

    /// The action that undoes it when the order of that identifier has done it; `nil` for what cannot be undone.
    package func undo(of order: OrderID) -> Action? {
        switch self {
        case .isolate: .release
        case .blockAddress(let block): block.isWhole ? .unblockAddress(block.network) : .endBlock(order)
        case .blockAddresses: .unblockAddresses(order)
        case .cutUserNetwork: .restoreUserNetwork(order)
        case .sinkholeDomain: .unsinkholeDomain(order)
        case .freezeProcess: .thawProcess(order)
        case .blockExecutable: .unblockExecutable(order)
        case .quarantineFile: .restoreFile(order)
        case .lockAccount: .unlockAccount(order)
        case .stopService: .restoreService(order)
        case .removeSSHKey: .restoreSSHKey(order)
        case .disableCronEntry: .enableCronEntry(order)
        case .restoreSSHKey, .enableCronEntry: nil
        case .restoreService: nil
        case .release, .unblockAddress, .endBlock, .unblockAddresses, .restoreUserNetwork, .unsinkholeDomain,
            .killProcess, .thawProcess, .unblockExecutable, .restoreFile, .deleteFile, .unlockAccount, .collectFile,
            .triage, .collectProcessMemory, .liveTable, .yaraScan:
            nil
        }
    }

    /// How long its effect lasts; `nil` where it has no end of its own.
    package var duration: Duration? {
        switch self {
        case .isolate(let isolation): isolation.duration
        case .blockAddress(let block): block.duration
        case .blockAddresses(let block): block.duration
        case .cutUserNetwork(let cut): cut.duration
        case .sinkholeDomain(let sinkhole): sinkhole.duration
        case .freezeProcess(let freezing): freezing.duration
        case .blockExecutable(let block): block.duration
        case .lockAccount(let locking): locking.duration
        case .stopService(let stop): stop.duration
        case .removeSSHKey, .restoreSSHKey, .disableCronEntry, .enableCronEntry: nil
        case .restoreService: nil
        case .release, .unblockAddress, .endBlock, .unblockAddresses, .restoreUserNetwork, .unsinkholeDomain,
            .killProcess, .thawProcess, .unblockExecutable, .quarantineFile, .restoreFile, .deleteFile, .unlockAccount,
            .collectFile, .triage, .collectProcessMemory, .liveTable, .yaraScan:
            nil
        }
    }

    /// The most bytes of evidence that it may bring; `nil` for what brings none.
    package var mostEvidence: Int64? {
        switch self {
        case .collectFile(let collection): collection.mostBytes
        case .triage(let triage): triage.mostBytes
        case .liveTable: LiveTable.mostBytes
        case .yaraScan: YaraScan.mostBytes
        case .collectProcessMemory(let collection): collection.mostBytes
        default: nil
        }
    }
}

extension ProcessTarget {
    fileprivate var words: String {
        let others =
            switch scope {
            case .process: ""
            case .tree: ", with its descendants"
            case .cgroup: ", with its control group"
            }
        return "process \(pid)\(executable.map { ", \($0)" } ?? "")\(others)"
    }
}
