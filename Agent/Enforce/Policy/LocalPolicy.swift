package import CordonModel
package import CordonOrders

/// What the owner of this host allows, whatever the controller orders. Read from root's files; the controller cannot
/// write it.
package struct LocalPolicy: Sendable {
    /// A setting and where it stands: `file:line`, or that it is built in.
    package struct Rule<Value: Sendable>: Sendable {
        package var value: Value
        package var origin: String

        package init(_ value: Value, origin: String = "built-in default") {
            self.value = value
            self.origin = origin
        }
    }

    /// Releases and unblocks are always allowed.
    package var allowedActions = Rule(Set(ActionKind.allCases))
    package var neverIsolate = Rule(false)
    /// Kinds that standing orders may bring about while the controller cannot be reached; none unless named.
    package var standingOrders = Rule(Set<ActionKind>())
    package var standingPerHour = Rule(10)
    package var longestStanding = Rule(Duration.seconds(4 * 3600))
    /// When kinds may be begun; one that is not among them always.
    package var allowedHours = Rule([AllowedHours]())
    /// What these hours are told in.
    package var hoursZone = HoursZone.fixed(0)
    /// Kinds that are carried out only with the approvals of several people, signed with their own keys.
    package var twoPerson = Rule(Set<ActionKind>())
    /// How many people that takes: 2 to 8.
    package var approversNeeded = Rule(2)
    package var longestIsolation = Rule(Duration.seconds(7 * 86_400))
    package var longestBlock = Rule(Duration.seconds(30 * 86_400))
    package var longestCut = Rule(Duration.seconds(7 * 86_400))
    package var longestSinkhole = Rule(Duration.seconds(30 * 86_400))
    package var longestExecutableBlock = Rule(Duration.seconds(30 * 86_400))
    package var longestFreeze = Rule(Duration.seconds(86_400))
    package var longestLock = Rule(Duration.seconds(30 * 86_400))
    package var longestStop = Rule(Duration.seconds(30 * 86_400))
    /// The shortest prefix that may be blocked.
    package var widestBlockIPv4 = Rule(16)
    package var widestBlockIPv6 = Rule(48)
    /// How many blocks may be in force at once.
    package var mostBlocks = Rule(200_000)
    package var protectedAddresses = Rule([Network]())
    /// Never sinkholed, nor what they lie below.
    package var protectedDomains = Rule([DomainName]())
    /// Paths (with `*` and `?`) or bare names of executables.
    package var protectedProcesses = Rule([String]())
    /// User ids whose processes are left alone.
    package var protectedUsers = Rule([UInt32: String]())
    /// Patterns of paths (with `*` and `?`) that are neither quarantined nor deleted.
    package var protectedPaths = Rule([String]())
    /// Patterns of names of systemd units (with `*` and `?`) that are not stopped.
    package var protectedUnits = Rule([String]())
    /// Whether files of Debian packages may be quarantined or deleted.
    package var takesPackagedFiles = Rule(false)
    /// Patterns of paths (with `*` and `?`) that are not collected.
    package var uncollectedPaths = Rule([String]())
    /// Whether files that hold passwords and private keys may be collected.
    package var collectsSecrets = Rule(false)
    /// Whether the memory of processes may be evidence.
    package var collectsMemory = Rule(false)
    /// Bytes of evidence: that one order may bring, that may be cut in any hour, that may wait for the controller.
    package var largestEvidence = Rule(256 << 20)
    package var evidencePerHour = Rule(2 << 30)
    package var evidenceRoom = Rule(4 << 30)
    /// Orders of all kinds that may be carried out in any hour, and of each kind.
    package var ordersPerHour = Rule(1200)
    package var perHour: [ActionKind: Rule<Int>] = [
        .isolate: Rule(12), .blockAddress: Rule(1000), .blockAddresses: Rule(60), .cutUserNetwork: Rule(60),
        .sinkholeDomain: Rule(120),
        .killProcess: Rule(120),
        .freezeProcess: Rule(120),
        .blockExecutable: Rule(60),
        .quarantineFile: Rule(120), .deleteFile: Rule(30), .lockAccount: Rule(20), .stopService: Rule(30),
        .collectFile: Rule(120), .triage: Rule(6), .collectProcessMemory: Rule(12), .liveTable: Rule(240),
        .yaraScan: Rule(60), .removeSSHKey: Rule(60), .disableCronEntry: Rule(60),
    ]
    /// Whether the controller may have releases installed that the policy root signed, and when; at any hour unless said.
    package var upgradesAllowed = Rule(true)
    package var upgradeHours = Rule([WeekHours]())
    /// How long a host may take to be well with a new version, and how long it must stay well.
    package var upgradePatience = Duration.seconds(900)
    package var upgradeGrace = Duration.seconds(60)
    /// SHA-256 over the files, lower-case hex.
    package var hash = ""
    /// The files that it was read from, in order, and what else lies in the folder and was not read.
    package var files: [String] = []
    package var passedOver: [String] = []

    package init() {}
}

/// Why an order is not carried out: a rule and a sentence.
package struct Refusal: Error, Sendable, Equatable {
    /// `signature`, `expired`, …, or the rule's name with `file:line`.
    package let rule: String
    package let message: String

    package init(_ rule: String, _ message: String) {
        self.rule = rule
        self.message = message
    }

    init<Value>(_ name: String, _ rule: LocalPolicy.Rule<Value>, _ message: String) {
        self.init("\(name) (\(rule.origin))", message)
    }
}
