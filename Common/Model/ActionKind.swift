/// The kinds of what an agent can be ordered to do; raw values are their names in orders, local policies, the API and the
/// command line. What each takes, does and proves is in the catalogue of CordonOrders.
package enum ActionKind: String, Sendable, Hashable, Codable, CaseIterable {
    case isolate
    case release
    case blockAddress = "block_address"
    case unblockAddress = "unblock_address"
    case blockAddresses = "block_addresses"
    case unblockAddresses = "unblock_addresses"
    case cutUserNetwork = "cut_user_network"
    case restoreUserNetwork = "restore_user_network"
    case sinkholeDomain = "sinkhole_domain"
    case unsinkholeDomain = "unsinkhole_domain"
    case killProcess = "kill_process"
    case freezeProcess = "freeze_process"
    case thawProcess = "thaw_process"
    case blockExecutable = "block_executable"
    case unblockExecutable = "unblock_executable"
    case quarantineFile = "quarantine_file"
    case restoreFile = "restore_file"
    case deleteFile = "delete_file"
    case lockAccount = "lock_account"
    case unlockAccount = "unlock_account"
    case stopService = "stop_service"
    case restoreService = "restore_service"
    case collectFile = "collect_file"
    case removeSSHKey = "remove_ssh_key"
    case restoreSSHKey = "restore_ssh_key"
    case disableCronEntry = "disable_cron_entry"
    case enableCronEntry = "enable_cron_entry"
    case triage
    case collectProcessMemory = "collect_process_memory"
    case liveTable = "live_table"
    case yaraScan = "yara_scan"

    /// The kind that undoes it; `nil` for what cannot be undone or is itself an undo.
    package var undo: ActionKind? {
        switch self {
        case .isolate: .release
        case .blockAddress: .unblockAddress
        case .blockAddresses: .unblockAddresses
        case .cutUserNetwork: .restoreUserNetwork
        case .sinkholeDomain: .unsinkholeDomain
        case .freezeProcess: .thawProcess
        case .blockExecutable: .unblockExecutable
        case .quarantineFile: .restoreFile
        case .lockAccount: .unlockAccount
        case .stopService: .restoreService
        case .restoreService: nil
        case .removeSSHKey: .restoreSSHKey
        case .disableCronEntry: .enableCronEntry
        case .release, .unblockAddress, .unblockAddresses, .restoreUserNetwork, .unsinkholeDomain, .killProcess,
            .thawProcess, .unblockExecutable, .restoreFile, .deleteFile, .unlockAccount, .collectFile, .triage,
            .restoreSSHKey, .enableCronEntry, .collectProcessMemory, .liveTable, .yaraScan:
            nil
        }
    }

    /// Whether it only looks, and changes nothing on the host.
    package var isLook: Bool { [.collectFile, .triage, .collectProcessMemory, .liveTable, .yaraScan].contains(self) }

    /// Whether it undoes another kind: always allowed, for nobody may be kept from giving a host back.
    package var isUndo: Bool { Self.allCases.contains { $0.undo == self } }
}
