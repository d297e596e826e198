internal import CordonModel
internal import CordonOrders
internal import CordonWire
package import Logging
internal import SwiftProtobuf

/// Installs a release whose packages are all here, looks whether the host is well with it, and otherwise installs the previous
/// one again. Runs in a unit of its own, as the program that was installed before.
///
/// Each step is on disk before it is done, and may be done again: whoever was killed in it is followed by one that finishes.
package struct Upgrader {
    private let settings: EnforcerSettings
    private let folder: ReleaseFolder
    private let health: HostHealth
    private let packages = HostPackages()
    private let now: () -> Timestamp
    private let log: Logger

    /// What one call of dpkg may take.
    private static let patienceOfDpkg = Duration.seconds(900)
    /// How long is waited for another that installs something; on the way back, where nothing else is left to do, over and over.
    private static let patienceOfLock = Duration.seconds(120)
    private static let patienceOfRestart = Duration.seconds(60)
    /// A step that was begun so often, and never finished, is not begun again.
    private static let mostTries = 3

    package init(_ settings: EnforcerSettings, log: Logger) throws {
        self.settings = settings
        self.log = log
        folder = try ReleaseFolder(stateFolder: settings.stateDirectory)
        health = HostHealth(folder: folder, stateFolder: settings.stateDirectory, socket: settings.socket)
        let clock = BootClock.live
        now = { clock.now() }
    }

    /// Does what is left of the upgrade that was begun; nothing when none was. How it ended is on disk then, and said.
    package func run() throws -> String {
        guard let lock = try folder.lock() else {
            throw EnforceError("upgrade.running", "Another cordon-enforcer installs an upgrade already.")
        }
        defer { withExtendedLifetime(lock) {} }
        while let record = folder.begun {
            if let ended = try step(record) { return ended }
        }
        if folder.isBegun {
            folder.setDamagedAside()
            throw EnforceError(
                "upgrade.record", "What was written down of the upgrade that was begun cannot be read.",
                remedy: "Look at what dpkg says is installed. The record is kept as \(folder.path)/damaged.")
        }
        return "No upgrade is under way."
    }

    /// What the steps work on, verified anew: what is on disk is believed as little as what came over the link.
    private struct Work {
        var record: Cordon_V1_UpgradeRecord
        var release: Release
        var previous: Release?
        var policy: LocalPolicy
    }

    /// Does one step; how it ended when it was the last.
    private func step(_ record: Cordon_V1_UpgradeRecord) throws -> String? {
        let work: Work
        do { work = try verified(record) } catch let refusal as Refusal {
            // Nothing of it is of this fleet's root: whatever was half done by it cannot be told. What only could not be
            // found out is thrown, and the unit comes back.
            return try end(record, record.step.rawValue <= 1 ? .refused : .failed, "\(refusal)")
        }
        var record = record
        record.tries += 1
        try folder.begin(record)
        switch record.step {
        case .unspecified, .chosen, .UNRECOGNIZED: return try choose(work)
        case .installing: return try install(work, tries: record.tries)
        case .looking: return try look(work, tries: record.tries)
        case .returning: return try goBack(work, tries: record.tries)
        case .lookingBack: return try lookBack(work)
        }
    }

    private func verified(_ record: Cordon_V1_UpgradeRecord) throws -> Work {
        guard
            let host = try HostIdentity.load(identity: settings.identity, policyRoot: settings.policyRoot)
        else { throw Refusal.notEnrolled }
        let architecture = try packages.architecture()
        let previous =
            record.offer.hasPrevious
            ? try Release(record.offer.previous, for: host, architecture: architecture) : nil
        // A policy that is not valid now keeps nobody from finishing.
        var policy = LocalPolicy()
        do { policy = try LocalPolicy.load(folder: settings.policyDirectory) } catch {
            log.error("the local policy is not valid: its defaults are gone by", metadata: ["why": "\(error)"])
        }
        return Work(
            record: record, release: try Release(record.offer.release, for: host, architecture: architecture),
            previous: previous, policy: policy)
    }

    // MARK: - Steps

    /// Everything that can be refused is refused here, before anything is changed.
    private func choose(_ work: Work) throws -> String? {
        var record = work.record
        do {
            for package in work.release.files(of: record.packages) { try folder.verify(package) }
            for package in work.previous?.files(of: record.packages) ?? [] { try folder.verify(package) }
            let installed = try packages.installed(HostPackages.own)?.version ?? "none"
            guard work.release.expiresAt > now() else {
                throw Refusal("expired", "The release expired at \(work.release.expiresAt).")
            }
            guard try packages.isVersion(work.release.version, newerThan: installed),
                work.previous.map({ $0.version == installed }) ?? true
            else { throw Refusal("downgrade", "Version \(installed) is installed meanwhile.") }
            // What is wanted now is remembered: the enforcer that is installed could forget it.
            var isolation = IsolationWatch(folder, stateFolder: settings.stateDirectory)
            _ = try isolation.look()
        } catch {
            return try end(record, .refused, "\((error as? Refusal)?.message ?? "\(error)")")
        }
        record.units = HostHealth.units.filter {
            $0 == HostHealth.enforcer || (try? health.services.run(of: $0))?.active == "active"
        }
        try go(on: record, to: .installing)
        return nil
    }

    private func install(_ work: Work, tries: UInt32) throws -> String? {
        guard tries <= Self.mostTries else { return try goBack(from: work, "installing it never came to its end") }
        do {
            for package in work.release.files(of: work.record.packages) { try folder.verify(package) }
            try install(work.release, work)
        } catch let refusal as Refusal {
            return try end(work.record, .refused, refusal.message)
        } catch let error as EnforceError where error.code == Self.busy {
            if tries == 1 { return try end(work.record, .refused, error.message) }
            try putOff(work, tries, error)
        } catch {
            return try goBack(from: work, "\((error as? EnforceError)?.message ?? "\(error)")")
        }
        try go(on: work.record, to: .looking)
        return nil
    }

    private func look(_ work: Work, tries: UInt32) throws -> String? {
        guard tries <= Self.mostTries else {
            return try goBack(from: work, "the host never stayed up long enough with it to be looked at")
        }
        let fault = health.fault(
            wanted(work.release, work, isNew: true), within: work.policy.upgradePatience,
            for: work.policy.upgradeGrace)
        if let fault { return try goBack(from: work, "the host was not well with it: \(fault)") }
        try folder.keep(installed: work.record.offer.release)
        folder.keepOnly()
        return try end(work.record, .done, "")
    }

    private func goBack(from work: Work, _ why: String) throws -> String? {
        log.error("an upgrade is gone back from", metadata: ["version": "\(work.release.version)", "why": "\(why)"])
        var record = work.record
        record.fault = why.bounded(500)
        try go(on: record, to: .returning)
        putBackIsolation()
        return nil
    }

    /// Has an isolation that was lost put back: an enforcer that starts from here on does that, and the way back may take long.
    private func putBackIsolation() {
        var isolation = IsolationWatch(folder, stateFolder: settings.stateDirectory)
        guard let lost = (try? isolation.forgotten()) ?? nil else { return }
        log.critical("an isolation was lost, and is to be put back", metadata: ["order": "\(lost.order)"])
        do { try health.services.restart(HostHealth.enforcer, within: Self.patienceOfRestart) } catch {
            log.error("the enforcer was not restarted", metadata: ["why": "\(error)"])
        }
    }

    private func goBack(_ work: Work, tries: UInt32) throws -> String? {
        guard let previous = work.previous else {
            return try end(
                work.record, .failed, "\(work.record.fault); there is no previous release to go back to")
        }
        guard tries <= Self.mostTries else {
            return try end(work.record, .failed, "\(work.record.fault); going back never came to its end")
        }
        do {
            for package in previous.files(of: work.record.packages) { try folder.verify(package) }
            try install(previous, work)
        } catch let refusal as Refusal {
            return try end(work.record, .failed, "\(work.record.fault); \(refusal.message)")
        } catch let error as EnforceError where error.code == Self.busy {
            try putOff(work, tries, error)
        } catch {
            let why = (error as? EnforceError)?.message ?? "\(error)"
            log.critical("going back failed", metadata: ["why": "\(why)", "try": "\(tries)"])
            // The unit comes back after a while: a disk that is full has room again.
            if tries < Self.mostTries { throw error }
            return try end(work.record, .failed, "\(work.record.fault); going back failed too: \(why)")
        }
        try go(on: work.record, to: .lookingBack)
        return nil
    }

    private func lookBack(_ work: Work) throws -> String? {
        guard let previous = work.previous else { return try end(work.record, .failed, work.record.fault) }
        let fault = health.fault(
            wanted(previous, work, isNew: false), within: work.policy.upgradePatience, for: work.policy.upgradeGrace)
        if let fault {
            return try end(
                work.record, .failed, "\(work.record.fault); gone back, the host is not well either: \(fault)")
        }
        try folder.keep(installed: work.record.offer.previous)
        folder.keepOnly()
        return try end(work.record, .wentBack, work.record.fault)
    }

    // MARK: - What steps are made of

    private static let busy = "upgrade.busy"

    private func install(_ release: Release, _ work: Work) throws {
        let isForward = release == work.release
        let patience =
            isForward ? min(Self.patienceOfLock, work.policy.upgradePatience) : work.policy.upgradePatience
        guard let lock = try FileLock(FileLock.ofFrontends, within: patience) else {
            throw EnforceError(
                Self.busy, "Another program has held dpkg's lock for \(patience.spelled); nothing was changed.")
        }
        defer { withExtendedLifetime(lock) {} }
        try checkNobodyElseInstalled(work)
        let files = release.files(of: work.record.packages).map { folder.place(of: $0) }
        log.notice("dpkg installs", metadata: ["version": "\(release.version)"])
        try packages.install(files, within: Self.patienceOfDpkg)
    }

    /// Asked with dpkg's lock held. Whoever installed something else meanwhile meant it: a fix must not be taken back.
    private func checkNobodyElseInstalled(_ work: Work) throws {
        guard let now = try packages.installed(HostPackages.own), now.isWhole, now.version != work.release.version,
            now.version != work.previous?.version
        else { return }
        let isOlder = try packages.isVersion(work.release.version, newerThan: now.version)
        guard work.previous == nil, isOlder else {
            throw Refusal("downgrade", "Version \(now.version) was installed meanwhile, and is left as it is.")
        }
    }

    /// Waiting for others is no try: thrown, so that the unit comes back.
    private func putOff(_ work: Work, _ tries: UInt32, _ error: EnforceError) throws -> Never {
        var record = work.record
        record.tries = tries - 1
        try folder.begin(record)
        throw error
    }

    private func wanted(_ release: Release, _ work: Work, isNew: Bool) -> HostHealth.Wanted {
        HostHealth.Wanted(
            version: release.version, packages: work.record.packages, units: work.record.units,
            isNew: isNew)
    }

    private func go(on record: Cordon_V1_UpgradeRecord, to step: Cordon_V1_UpgradeRecord.Step) throws {
        var record = record
        record.step = step
        record.tries = 0
        try folder.begin(record)
    }

    private func end(
        _ record: Cordon_V1_UpgradeRecord, _ stage: Cordon_V1_UpgradeState.Stage, _ fault: String
    ) throws -> String {
        var outcome = UpgradeIntake.state(of: record)
        outcome.stage = stage
        outcome.fault = fault.bounded(1024)
        try folder.end(outcome)
        let said = outcome.sentence
        switch stage {
        case .done: log.notice("\(said)")
        case .failed: log.critical("\(said)")
        default: log.error("\(said)")
        }
        return said
    }
}
