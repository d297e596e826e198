internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// Takes up what the controller offers: verifies it, asks for the packages that are not here, and has them installed by a
/// unit of its own. Blocking; one at a time.
struct UpgradeIntake {
    let folder: ReleaseFolder
    private let packages = HostPackages()
    private let services = ServiceManager()
    /// As dpkg says; empty where it does not.
    private lazy var architecture = (try? packages.architecture()) ?? ""
    /// What was installed when the list of it was that one.
    private var known: (status: [Int64], core: HostPackages.Core)?
    /// What is being fetched.
    private var wanted: Wanted?
    /// An upgrade was under way when this was asked last: how it ended is told even when nothing is offered any more.
    private var awaitsOutcome = false
    /// Packages that came with another sum than signed, one after another.
    private var lies = 0
    private static let mostLies = 3

    /// What the upgrader refused, as where dpkg is busy, is tried again after so long.
    private static let pause = Duration.seconds(600)

    /// A unit that systemd started again so often without its taking a step will not take one.
    private static let mostStarts = 5

    /// What the unit is called that installs.
    static let unit = "cordon-upgrade.service"

    init(stateFolder: String) throws {
        folder = try ReleaseFolder(stateFolder: stateFolder)
        // What an enforcer before this one heard says nothing of this one.
        folder.unlink("heard")
    }

    /// What this host asks itself about an offer.
    struct Host {
        var identity: HostIdentity?
        var policy: LocalPolicy
        var now: Timestamp
    }

    private struct Wanted {
        var offer: Cordon_V1_UpgradeOffer
        var release: Release
        var previous: Release?
        var previousSigned: Cordon_V1_SignedRelease?
        /// Names of the packages of the release that this host has.
        var names: [String]
        /// Whether dpkg has installed it already.
        var isInstalled: Bool

        /// Those of both releases: what is to be here before anything is changed.
        var packages: [Release.File] { release.files(of: names) + (previous?.files(of: names) ?? []) }
    }

    // MARK: - Answers

    /// How far an offer is, and what is wanted of it next.
    mutating func take(_ offer: Cordon_V1_UpgradeOffer, at host: Host) throws -> Cordon_V1_UpgradeState {
        if folder.isBegun { return try underWay() }
        guard offer.hasRelease else { return withdraw() }
        awaitsOutcome = false
        var state = Self.state(of: offer)
        do {
            let wanted = try judge(offer, at: host)
            state.version = wanted.release.version
            if let ended = ended(wanted, at: host.now) { return ended }
            try makeRoom(for: wanted)
            if wanted.offer != self.wanted?.offer { lies = 0 }
            self.wanted = wanted
            return try go(on: wanted, state, at: host)
        } catch let refusal as Refusal {
            wanted = nil
            state.stage = .refused
            state.fault = "\(refusal.message) (\(refusal.rule))".bounded(1024)
            return state
        } catch let error as EnforceError {
            // It is asked again: a disk has room later, a slow dpkg answers.
            state.stage = .fetching
            state.fault = error.message.bounded(1024)
            return state
        }
    }

    /// Takes a part of a package; one that was not wanted changes nothing.
    mutating func take(_ part: Cordon_V1_ReleasePart, at host: Host) throws -> Cordon_V1_UpgradeState {
        if folder.isBegun { return try underWay() }
        guard let wanted else { return Cordon_V1_UpgradeState() }
        var state = Self.state(of: wanted.offer)
        state.version = wanted.release.version
        state.stage = .fetching
        if let next = missing(wanted), [UInt8](part.sha256) == next.sha256, part.offset == folder.count(of: next) {
            guard !part.data.isEmpty else {
                state.fault = "The controller does not have the package \(next.package)."
                return counted(state, wanted)
            }
            guard part.data.count <= Self.largestPart, Int64(part.offset) + Int64(part.data.count) <= next.size else {
                state.fault = "A part of the package \(next.package) was too long."
                return counted(state, wanted)
            }
            let isSigned: Bool
            do { isSigned = try folder.append([UInt8](part.data), at: Int64(part.offset), to: next) } catch {
                state.fault = "\((error as? EnforceError)?.message ?? "\(error)")".bounded(1024)
                return counted(state, wanted)
            }
            if !isSigned {
                lies += 1
                state.fault = "The package \(next.package) that came is not the one that was signed."
                if lies >= Self.mostLies { state.stage = .refused }
                return counted(state, wanted)
            }
        }
        if missing(wanted) == nil { return try take(wanted.offer, at: host) }
        return try go(on: wanted, state, at: host)
    }

    /// A state with what is installed now.
    mutating func told(_ state: Cordon_V1_UpgradeState) -> Cordon_V1_UpgradeState {
        var state = state
        let status = TextFile.version("/var/lib/dpkg/status")
        let core = if let known, known.status == status { known.core } else { packages.core }
        known = (status, core)
        state.architecture = core == .changing ? "" : architecture
        state.installed = if case .version(let version) = core { version } else { "" }
        return state
    }

    /// What is under way, or how the last one ended.
    var latest: Cordon_V1_UpgradeState? {
        if let begun = folder.begun { return Self.state(of: begun) }
        if let wanted {
            var state = Self.state(of: wanted.offer)
            state.version = wanted.release.version
            state.stage = .fetching
            return counted(state, wanted)
        }
        return folder.outcome
    }

    private static let largestPart = 512 << 10

    private static func state(of offer: Cordon_V1_UpgradeOffer) -> Cordon_V1_UpgradeState {
        var state = Cordon_V1_UpgradeState()
        state.rolloutID = offer.rolloutID
        return state
    }

    static func state(of record: Cordon_V1_UpgradeRecord) -> Cordon_V1_UpgradeState {
        var state = state(of: record.offer)
        state.version = (try? Cordon_V1_Release(serializedBytes: record.offer.release.release))?.version ?? ""
        state.stage = .installing
        state.fault = record.fault
        return state
    }

    private func counted(_ state: Cordon_V1_UpgradeState, _ wanted: Wanted) -> Cordon_V1_UpgradeState {
        var state = state
        for package in wanted.packages {
            state.have += UInt64(folder.count(of: package))
            state.size += UInt64(package.size)
        }
        return state
    }

    /// An upgrade that was begun is finished, whatever is offered meanwhile. Whoever was to finish it may have been killed.
    private mutating func underWay() throws -> Cordon_V1_UpgradeState {
        awaitsOutcome = true
        var unstarted: EnforceError?
        do throws(EnforceError) { try services.startBeside(Self.unit) } catch { unstarted = error }
        guard let begun = folder.begun else {
            throw EnforceError(
                "upgrade.record", "What was written down of the upgrade that was begun cannot be read.",
                remedy: "\(Self.unit) sets it aside; look at what dpkg says is installed.")
        }
        return try giveUp(begun, unstarted) ?? Self.state(of: begun)
    }

    private mutating func withdraw() -> Cordon_V1_UpgradeState {
        wanted = nil
        folder.keepOnly()
        defer { awaitsOutcome = false }
        return awaitsOutcome ? folder.outcome ?? Cordon_V1_UpgradeState() : Cordon_V1_UpgradeState()
    }

    /// How the rollout ended here before; one that was gone back from is not tried again. Or that there is nothing to do.
    private func ended(_ wanted: Wanted, at now: Timestamp) -> Cordon_V1_UpgradeState? {
        if let outcome = folder.outcome, outcome.rolloutID == wanted.offer.rolloutID {
            let isOver = outcome.stage != .refused || (.zero..<Self.pause).contains(now - folder.endedAt)
            if isOver { return outcome }
        }
        guard wanted.isInstalled else { return nil }
        var state = Self.state(of: wanted.offer)
        (state.version, state.stage) = (wanted.release.version, .done)
        // It is there, but the host was not well with it, and nobody has looked since.
        if let outcome = folder.outcome, outcome.stage == .failed, outcome.version == state.version {
            (state.stage, state.fault) = (.failed, outcome.fault)
        }
        return state
    }
}

// MARK: - Judging

extension UpgradeIntake {
    private mutating func judge(_ offer: Cordon_V1_UpgradeOffer, at host: Host) throws -> Wanted {
        guard offer.rolloutID.count == 16 else { throw Refusal("malformed", "The offer names no rollout.") }
        guard let identity = host.identity else { throw Refusal.notEnrolled }
        try host.policy.checkUpgrade()
        let release = try Release(offer.release, for: identity, architecture: architecture)
        let names = try names(of: release)
        let now = try installed()
        var wanted = Wanted(offer: offer, release: release, names: names, isInstalled: now == release.version)
        if ended(wanted, at: host.now) != nil { return wanted }
        guard release.expiresAt > host.now else {
            throw Refusal("expired", "The release expired at \(release.expiresAt).")
        }
        guard try packages.isVersion(release.version, newerThan: now) else {
            throw Refusal("downgrade", "The release is version \(release.version); \(now) is installed.")
        }
        let previous = offer.hasPrevious ? offer.previous : folder.installed
        if let signed = previous {
            let previous = try Release(signed, for: identity, architecture: architecture)
            if previous.version == now, previous.files(of: names).count == names.count {
                (wanted.previous, wanted.previousSigned) = (previous, signed)
            } else if offer.hasPrevious {
                throw Refusal(
                    "previous",
                    "What it would go back to is version \(previous.version) of \(previous.files.count) packages; "
                        + "\(now) of \(names.joined(separator: ", ")) is installed.")
            }
        }
        return wanted
    }

    /// The packages of a release that this host has. Those of this program are in the release, all that are installed.
    private func names(of release: Release) throws -> [String] {
        let names = try release.files.map(\.package).filter { try packages.installed($0) != nil }
        for name in HostPackages.core where !names.contains(name) {
            guard try packages.installed(name) == nil, name != HostPackages.own else {
                throw Refusal("incomplete", "The release does not have \(name), or dpkg did not install it here.")
            }
        }
        return names
    }

    private func installed() throws -> String {
        guard let now = try packages.installed(HostPackages.own), now.isWhole else {
            throw Refusal("dpkg", "dpkg says that \(HostPackages.own) is not wholly installed.")
        }
        return now.version
    }

    /// Removes what belongs to neither release, and refuses what the disk has no room for, before its first byte comes.
    private func makeRoom(for wanted: Wanted) throws {
        folder.keepOnly(wanted.packages)
        let need = wanted.packages.reduce(0) { $0 + $1.size - folder.count(of: $1) }
        // Unpacked they are larger, and stand beside what they replace.
        let unpacked = need == 0 ? 0 : 3 * wanted.release.files(of: wanted.names).reduce(0) { $0 + $1.size }
        let free = folder.free
        guard free >= need + unpacked else {
            throw Refusal(
                "disk", "The upgrade needs \(need + unpacked) bytes in \(folder.path); the disk has room for \(free).")
        }
    }
}

// MARK: - Going on

extension UpgradeIntake {
    private func missing(_ wanted: Wanted) -> Release.File? { wanted.packages.first { !folder.has($0) } }

    private mutating func go(
        on wanted: Wanted, _ state: Cordon_V1_UpgradeState, at host: Host
    ) throws -> Cordon_V1_UpgradeState {
        var state = state
        state.stage = .fetching
        if let next = missing(wanted) {
            state.want.sha256 = Data(next.sha256)
            state.want.offset = UInt64(folder.count(of: next))
            return counted(state, wanted)
        }
        guard host.policy.mayUpgrade(at: host.now) else {
            throw Refusal(
                "upgrade.hours", host.policy.upgradeHours, "Its packages are here; this host's hours for it come later."
            )
        }
        return try begin(wanted)
    }

    /// Nothing is changed before the record is on disk; who finds it there goes on, or back.
    private mutating func begin(_ wanted: Wanted) throws -> Cordon_V1_UpgradeState {
        var record = Cordon_V1_UpgradeRecord()
        record.offer = wanted.offer
        if let previous = wanted.previousSigned { record.offer.previous = previous }
        record.step = .chosen
        record.packages = wanted.names
        try folder.copyUpgrader()
        if let fault = faultOfUpgrader { return try refuse(record, fault) }
        try folder.begin(record)
        // What it failed at before was mended perhaps; how often it was started again is counted anew.
        try? services.forgetFailures([Self.unit])
        do { try services.startBeside(Self.unit) } catch {
            folder.unlink("begun")
            throw Refusal("systemd", "The unit that installs cannot be started: \(error)")
        }
        self.wanted = nil
        return try underWay()
    }

    /// Why the program that installs cannot be run here: `/var` mounted noexec, or a host that runs only what it knows.
    private var faultOfUpgrader: String? {
        let command = SystemCommand(paths: ["\(folder.path)/upgrader"])
        let what = "\(folder.path)/upgrader, a copy of this program, cannot be run"
        do {
            let answer = try command.run(["--version"], within: .seconds(60))
            return answer.status == 0 ? nil : "\(what): it ended with \(answer.status). (executable)"
        } catch {
            return "\(what); is its file system mounted noexec? \(error.message) (executable)"
        }
    }

    /// Lets an upgrade be that the unit never began: it was started so often in vain, or cannot be. `nil` where it works on it,
    /// or has changed something.
    private mutating func giveUp(
        _ begun: Cordon_V1_UpgradeRecord, _ unstarted: EnforceError?
    ) throws -> Cordon_V1_UpgradeState? {
        guard begun.step == .chosen || begun.step == .unspecified else { return nil }
        let starts = (try? services.run(of: Self.unit))?.restarts ?? 0
        guard unstarted != nil || starts >= Self.mostStarts else { return nil }
        guard let lock = try folder.lock(), folder.begun == begun else { return nil }
        defer { withExtendedLifetime(lock) {} }
        let why = unstarted?.message ?? "\(starts) times"
        return try refuse(begun, "\(Self.unit), which installs it, does not start: \(why). (systemd)")
    }

    /// Ends it before anything was changed: it is tried again after the pause.
    private mutating func refuse(
        _ record: Cordon_V1_UpgradeRecord, _ fault: String
    ) throws -> Cordon_V1_UpgradeState {
        var outcome = Self.state(of: record)
        outcome.stage = .refused
        outcome.fault = fault.bounded(1024)
        try folder.end(outcome)
        wanted = nil
        return outcome
    }
}
