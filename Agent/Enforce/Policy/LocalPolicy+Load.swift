internal import CLinux
package import CordonModel
internal import CordonOrders
package import CordonSettings
internal import CordonTrust
internal import Glibc

extension LocalPolicy {
    /// Reads `*.toml` of a folder in the order of their names; later files win. A folder that is not there means the
    /// defaults, unless somebody named it: `origin` says where, and a slip of the pen there must not mean no policy.
    package static func load(folder: String, namedAt origin: String? = nil) throws -> LocalPolicy {
        if let origin, FileStatus(at: folder) == nil, errno == ENOENT {
            throw EnforceError(
                "policy.missing", "\(origin): there is no folder \(folder), which policy_directory names.",
                remedy: "Make it, owned by root, or write the folder that holds this host's policy.")
        }
        try RootOwned.check(folder)
        let settings = try Settings.load(file: nil, dropIns: folder)
        for source in settings.sources { try RootOwned.check(source.path) }
        return try LocalPolicy(settings)
    }

    /// Reads settings; a key that is not known is an error.
    package init(_ settings: Settings) throws {
        self.init()
        var section = settings.section("")
        try readActions(&section)
        try readBounds(&section)
        try readProtected(&section)
        try readEvidence(&section)
        var upgrade = settings.section("upgrade")
        try readUpgrade(&upgrade)
        try settings.finish(section, upgrade)
        files = settings.sources.map(\.path)
        passedOver = settings.passedOver
        hash = "\(Fingerprint(of: settings.sources.flatMap { Array($0.path.utf8) + [0] + $0.bytes + [0] }))"
    }

    private mutating func readActions(_ section: inout SettingsSection) throws(SettingsError) {
        let names = ActionKind.allCases.map(\.rawValue).joined(separator: ", ")
        let allowed = try section.list("allowed_actions", default: ActionKind.allCases, of: "actions among \(names)") {
            ActionKind(rawValue: $0)
        }
        allowedActions = Rule(Set(allowed), origin: section.origin(of: "allowed_actions"))
        neverIsolate = Rule(
            try section.flag("never_isolate", default: false), origin: section.origin(of: "never_isolate"))
        try readTwoPerson(&section)
        try readHours(&section)
        try readStanding(&section)
        ordersPerHour = try Self.number(&section, "orders_per_hour", ordersPerHour, in: 0...1_000_000)
        for (kind, limit) in perHour {
            guard let key = Self.rateKey(kind) else { continue }
            perHour[kind] = try Self.number(&section, key, limit, in: 0...1_000_000)
        }
    }

    private mutating func readStanding(_ section: inout SettingsSection) throws(SettingsError) {
        let kinds = ActionKind.allCases.filter { StandingOrder.subjects[$0] != nil }
        let names = kinds.map(\.rawValue).joined(separator: ", ")
        let named = try section.list("standing_orders", default: [], of: "actions among \(names)") { name in
            kinds.first { $0.rawValue == name }
        }
        standingOrders = Rule(Set(named), origin: section.origin(of: "standing_orders"))
        standingPerHour = try Self.number(&section, "standing_per_hour", standingPerHour, in: 0...1000)
        longestStanding = try Self.duration(&section, "longest_standing", longestStanding)
    }

    private mutating func readHours(_ section: inout SettingsSection) throws(SettingsError) {
        let expected = "hours of actions that are no undo, as \"isolate mon-fri 08:00-18:00\""
        let hours = try section.list("allowed_hours", default: [], of: expected) { AllowedHours($0) }
        allowedHours = Rule(hours, origin: section.origin(of: "allowed_hours"))
        let name = try section.text("hours_zone", default: "UTC")
        guard let zone = HoursZone(name) else {
            throw SettingsError(
                "malformed", at: section.origin(of: "hours_zone"), "hours_zone is UTC, local or an offset as +02:00.")
        }
        hoursZone = zone
    }

    /// An undo is never among them: nobody may be kept from giving a host back.
    private mutating func readTwoPerson(_ section: inout SettingsSection) throws(SettingsError) {
        let kinds = ActionKind.allCases.filter { !$0.isUndo }
        let names = kinds.map(\.rawValue).joined(separator: ", ")
        let named = try section.list("two_person", default: [], of: "actions among \(names)") { name in
            kinds.first { $0.rawValue == name }
        }
        twoPerson = Rule(Set(named), origin: section.origin(of: "two_person"))
        approversNeeded = try Self.number(&section, "approvers_needed", approversNeeded, in: 2...8)
    }

    /// The setting that says how many of a kind may be carried out in any hour; `nil` for kinds without a bound of their
    /// own.
    package static func rateKey(_ kind: ActionKind) -> String? {
        switch kind {
        case .isolate: "isolations_per_hour"
        case .blockAddress: "blocks_per_hour"
        case .blockAddresses: "lists_per_hour"
        case .cutUserNetwork: "network_cuts_per_hour"
        case .sinkholeDomain: "sinkholes_per_hour"
        case .killProcess: "kills_per_hour"
        case .freezeProcess: "freezes_per_hour"
        case .blockExecutable: "executable_blocks_per_hour"
        case .quarantineFile: "quarantines_per_hour"
        case .deleteFile: "deletions_per_hour"
        case .lockAccount: "locks_per_hour"
        case .stopService: "stops_per_hour"
        case .restoreService: nil
        case .collectFile: "collections_per_hour"
        case .triage: "triages_per_hour"
        case .collectProcessMemory: "memory_collections_per_hour"
        case .liveTable: "tables_per_hour"
        case .yaraScan: "yara_scans_per_hour"
        case .removeSSHKey: "key_removals_per_hour"
        case .disableCronEntry: "cron_entries_per_hour"
        case .release, .unblockAddress, .unblockAddresses, .restoreUserNetwork, .unsinkholeDomain, .thawProcess,
            .unblockExecutable, .restoreFile, .unlockAccount, .restoreSSHKey, .enableCronEntry:
            nil
        }
    }

    private mutating func readBounds(_ section: inout SettingsSection) throws(SettingsError) {
        longestIsolation = try Self.duration(&section, "longest_isolation", longestIsolation)
        longestBlock = try Self.duration(&section, "longest_block", longestBlock)
        longestCut = try Self.duration(&section, "longest_network_cut", longestCut)
        longestSinkhole = try Self.duration(&section, "longest_sinkhole", longestSinkhole)
        longestExecutableBlock = try Self.duration(&section, "longest_executable_block", longestExecutableBlock)
        longestFreeze = try Self.duration(&section, "longest_freeze", longestFreeze)
        longestLock = try Self.duration(&section, "longest_lock", longestLock)
        longestStop = try Self.duration(&section, "longest_stop", longestStop)
        widestBlockIPv4 = try Self.number(&section, "widest_block_ipv4", widestBlockIPv4, in: 1...32)
        widestBlockIPv6 = try Self.number(&section, "widest_block_ipv6", widestBlockIPv6, in: 1...128)
        mostBlocks = try Self.number(&section, "most_blocks", mostBlocks, in: 0...1_000_000)
    }

    private mutating func readProtected(_ section: inout SettingsSection) throws(SettingsError) {
        protectedAddresses = Rule(
            try section.networks("protected_addresses", default: []), origin: section.origin(of: "protected_addresses"))
        protectedDomains = Rule(
            try section.list("protected_domains", default: [], of: "domains") { DomainName($0, lenient: true) },
            origin: section.origin(of: "protected_domains"))
        protectedProcesses = Rule(
            try Self.patterns(&section, "protected_processes", PatternFault.ofProcess),
            origin: section.origin(of: "protected_processes"))
        protectedPaths = Rule(
            try Self.patterns(&section, "protected_paths", PatternFault.ofPath),
            origin: section.origin(of: "protected_paths"))
        protectedUnits = Rule(
            try Self.patterns(&section, "protected_units", PatternFault.ofUnit),
            origin: section.origin(of: "protected_units"))
        takesPackagedFiles = Rule(
            try section.flag("take_packaged_files", default: false), origin: section.origin(of: "take_packaged_files"))
        let users = try section.list("protected_users", default: [], of: "names or numbers of users of this host") {
            name in
            Self.userID(name).map { ($0, name) }
        }
        protectedUsers = Rule(
            Dictionary(users) { first, _ in first }, origin: section.origin(of: "protected_users"))
    }

    private mutating func readEvidence(_ section: inout SettingsSection) throws(SettingsError) {
        uncollectedPaths = Rule(
            try Self.patterns(&section, "uncollected_paths", PatternFault.ofPath),
            origin: section.origin(of: "uncollected_paths"))
        collectsSecrets = Rule(
            try section.flag("collect_secrets", default: false), origin: section.origin(of: "collect_secrets"))
        collectsMemory = Rule(
            try section.flag("collect_memory", default: false), origin: section.origin(of: "collect_memory"))
        largestEvidence = try Self.number(&section, "largest_evidence", largestEvidence, in: 0...(1 << 30))
        evidencePerHour = try Self.number(&section, "evidence_per_hour", evidencePerHour, in: 0...(1 << 40))
        evidenceRoom = try Self.number(&section, "evidence_room", evidenceRoom, in: 0...(1 << 40))
    }

    /// The number of a user given by name or number.
    package static func userID(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        return UInt32(exactly: unsafe clinux_user_id(name))
    }

    private static func number(
        _ section: inout SettingsSection, _ key: String, _ fallback: Rule<Int>, in range: ClosedRange<Int64>
    ) throws(SettingsError) -> Rule<Int> {
        let value = try section.integer(key, default: Int64(fallback.value), in: range)
        return Rule(Int(value), origin: section.origin(of: key))
    }

    private static func duration(
        _ section: inout SettingsSection, _ key: String, _ fallback: Rule<Duration>
    ) throws(SettingsError) -> Rule<Duration> {
        let value = try section.duration(key, default: fallback.value, in: .seconds(1) ... .seconds(366 * 86_400))
        return Rule(value, origin: section.origin(of: key))
    }
}
