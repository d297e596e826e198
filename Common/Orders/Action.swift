package import CordonModel

/// What an agent can be ordered to do: a closed set of closed types, no command strings.
///
/// On the wire and in the API an action is its kind's name and its parameters by name. What they may be is said once, in
/// the kind's ``CatalogueEntry``; whatever comes from outside is checked against that before a value of this type exists.
package enum Action: Sendable, Hashable {
    case isolate(Isolation)
    case release
    case blockAddress(AddressBlock)
    /// The block of all packets of a network.
    case unblockAddress(Network)
    /// What the order of that identifier blocked by ports or direction: of kind `unblock_address` too.
    case endBlock(OrderID)
    case blockAddresses(AddressListBlock)
    /// The list that the order of that identifier put in force.
    case unblockAddresses(OrderID)
    case cutUserNetwork(UserNetworkCut)
    /// What the order of that identifier cut.
    case restoreUserNetwork(OrderID)
    case sinkholeDomain(DomainSinkhole)
    /// What the order of that identifier sinkholed.
    case unsinkholeDomain(OrderID)
    case killProcess(ProcessTarget)
    case freezeProcess(ProcessFreezing)
    /// What the order of that identifier froze.
    case thawProcess(OrderID)
    case blockExecutable(ExecutableBlock)
    /// What the order of that identifier kept from starting.
    case unblockExecutable(OrderID)
    case quarantineFile(FileTarget)
    /// What the order of that identifier took away.
    case restoreFile(OrderID)
    case deleteFile(FileTarget)
    case lockAccount(AccountLocking)
    /// What the order of that identifier locked.
    case unlockAccount(OrderID)
    case stopService(ServiceStop)
    /// What the order of that identifier stopped.
    case restoreService(OrderID)
    case collectFile(FileCollection)
    case removeSSHKey(KeyRemoval)
    /// What the order of that identifier removed.
    case restoreSSHKey(OrderID)
    case disableCronEntry(CronEntry)
    /// What the order of that identifier turned off.
    case enableCronEntry(OrderID)
    case triage(Triage)
    case collectProcessMemory(MemoryCollection)
    case liveTable(LiveTable)
    case yaraScan(YaraScan)

    /// The kind, for policies, tables and names on the wire.
    package var kind: ActionKind {
        switch self {
        case .isolate: .isolate
        case .release: .release
        case .blockAddress: .blockAddress
        case .unblockAddress, .endBlock: .unblockAddress
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

    /// What the kind is told, by the names of its catalogue entry.
    package var parameters: [String: FieldValue] {
        switch self {
        case .isolate(let isolation): isolation.parameters
        case .release: [:]
        case .blockAddress(let block): block.parameters
        case .unblockAddress(let network): ["network": .text("\(network)")]
        case .blockAddresses(let block): block.parameters
        case .cutUserNetwork(let cut): cut.parameters
        case .sinkholeDomain(let sinkhole): sinkhole.parameters
        case .killProcess(let target): target.parameters
        case .freezeProcess(let freezing): freezing.parameters
        case .blockExecutable(let block): block.parameters
        case .quarantineFile(let file), .deleteFile(let file): file.parameters
        case .lockAccount(let locking): locking.parameters
        case .stopService(let stop): stop.parameters
        case .removeSSHKey(let removal): removal.parameters
        case .restoreSSHKey(let order), .enableCronEntry(let order): ["order": .text("\(order)")]
        case .disableCronEntry(let entry): entry.parameters
        case .restoreService(let order): ["order": .text("\(order)")]
        case .endBlock(let order), .unblockAddresses(let order), .restoreUserNetwork(let order),
            .unsinkholeDomain(let order), .thawProcess(let order), .unblockExecutable(let order),
            .restoreFile(let order),
            .unlockAccount(let order):
            ["order": .text("\(order)")]
        case .collectFile(let collection): collection.parameters
        case .triage(let triage): triage.parameters
        case .collectProcessMemory(let collection): collection.parameters
        case .liveTable(let table): table.parameters
        case .yaraScan(let scan): scan.parameters
        }
    }

    /// The same as it is shown: long lists by their number and hash.
    package var shownParameters: [String: FieldValue] {
        switch self {
        case .blockAddresses(let block): parameters.merging(["networks": .text(block.list.words)]) { $1 }
        case .yaraScan(let scan): parameters.merging(["rules": .text(scan.ruleWords)]) { $1 }
        default: parameters
        }
    }

    /// Bytes that an order for it may have, as it is signed.
    package static func longestOrder(_ kind: ActionKind) -> Int {
        switch kind {
        case .blockAddresses: AddressList.longestText + 16_384
        case .yaraScan: YaraScan.longestRules + 16_384
        default: 16_384
        }
    }

    /// The action of a kind's name and its parameters.
    /// - Throws: ``ActionError`` for a kind that is not known, and for a parameter that is missing, unknown or out of
    ///   bounds.
    package init(kind name: String, parameters: [String: FieldValue]) throws(ActionError) {
        guard let kind = ActionKind(rawValue: name) else { throw .unknown(kind: name) }
        let given = try GivenParameters(parameters, of: kind)
        self =
            switch kind {
            case .isolate: .isolate(try Isolation(given))
            case .release: .release
            case .blockAddress: .blockAddress(try AddressBlock(given))
            case .unblockAddress:
                try given.eitherIsGiven("network", "order")
                    ? .unblockAddress(try given.network("network")) : .endBlock(try given.identifier("order"))
            case .blockAddresses: .blockAddresses(try AddressListBlock(given))
            case .unblockAddresses: .unblockAddresses(try given.identifier("order"))
            case .cutUserNetwork: .cutUserNetwork(try UserNetworkCut(given))
            case .restoreUserNetwork: .restoreUserNetwork(try given.identifier("order"))
            case .sinkholeDomain: .sinkholeDomain(try DomainSinkhole(given))
            case .unsinkholeDomain: .unsinkholeDomain(try given.identifier("order"))
            case .killProcess: .killProcess(try ProcessTarget(given))
            case .freezeProcess: .freezeProcess(try ProcessFreezing(given))
            case .thawProcess: .thawProcess(try given.identifier("order"))
            case .blockExecutable: .blockExecutable(try ExecutableBlock(given))
            case .unblockExecutable: .unblockExecutable(try given.identifier("order"))
            case .quarantineFile: .quarantineFile(try FileTarget(given))
            case .restoreFile: .restoreFile(try given.identifier("order"))
            case .deleteFile: .deleteFile(try FileTarget(given))
            case .lockAccount: .lockAccount(try AccountLocking(given))
            case .unlockAccount: .unlockAccount(try given.identifier("order"))
            case .stopService: .stopService(try ServiceStop(given))
            case .restoreService: .restoreService(try given.identifier("order"))
            case .collectFile: .collectFile(try FileCollection(given))
            case .removeSSHKey: .removeSSHKey(try KeyRemoval(given))
            case .restoreSSHKey: .restoreSSHKey(try given.identifier("order"))
            case .disableCronEntry: .disableCronEntry(try CronEntry(given))
            case .enableCronEntry: .enableCronEntry(try given.identifier("order"))
            case .triage: .triage(Triage(given))
            case .collectProcessMemory: .collectProcessMemory(try MemoryCollection(given))
            case .liveTable: .liveTable(try LiveTable(given))
            case .yaraScan: .yaraScan(try YaraScan(given))
            }
    }
}
