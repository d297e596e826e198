package import CordonModel

/// What people and programs are told of a kind of action. Documentation/actions.md is this, printed.
package struct CatalogueEntry: Sendable {
    package let kind: ActionKind
    /// What the host must be able to do.
    package let capability: Capability
    package let parameters: [Parameter]
    /// What must be so beforehand, apart from what local policy says.
    package let precondition: String
    /// What is in force afterwards.
    package let effect: String
    /// What the result shows.
    package let proof: String
    /// As an OpenC2 command: action, target and arguments.
    package let openC2: String
}

/// What a host can do for responders, each with what it needs of the host.
package enum Capability: String, Sendable, Hashable, CaseIterable {
    /// nf_tables and netlink.
    case network
    /// pidfd (Linux 5.3) and `/proc`.
    case processes
    /// openat2 (Linux 5.6), and the file system's own attributes.
    case files
    /// fanotify's permission to start programs (Linux 5.0), and cordon-guard.service.
    case executables
    /// Local accounts: shadow(5), and their homes.
    case accounts
    /// systemd as the init process, and systemctl(1).
    case services
}

extension ActionKind {
    /// What there is to know of the kind.
    package var entry: CatalogueEntry {
        switch self {
        case .isolate: .isolate
        case .release: .release
        case .blockAddress: .blockAddress
        case .unblockAddress: .unblockAddress
        case .blockAddresses: .blockAddresses
        case .unblockAddresses: .unblockAddresses
        case .cutUserNetwork: .cutUserNetwork
        case .restoreUserNetwork: .restoreUserNetwork
        case .sinkholeDomain: .sinkholeDomain
        case .unsinkholeDomain: .unsinkholeDomain
        case .killProcess: .killProcess
        case .freezeProcess: .freezeProcess
        case .thawProcess: .thawProcess
        case .blockExecutable: .blockExecutable
        case .unblockExecutable: .unblockExecutable
        case .quarantineFile: .quarantineFile
        case .restoreFile: .restoreFile
        case .deleteFile: .deleteFile
        case .lockAccount: .lockAccount
        case .unlockAccount: .unlockAccount
        case .stopService: .stopService
        case .restoreService: .restoreService
        case .collectFile: .collectFile
        case .removeSSHKey: .removeSSHKey
        case .restoreSSHKey: .restoreSSHKey
        case .disableCronEntry: .disableCronEntry
        case .enableCronEntry: .enableCronEntry
        case .triage: .triage
        case .collectProcessMemory: .collectProcessMemory
        case .liveTable: .liveTable
        case .yaraScan: .yaraScan
        }
    }
}
