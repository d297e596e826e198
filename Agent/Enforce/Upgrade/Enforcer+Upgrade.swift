internal import CordonModel
internal import CordonWire
internal import Glibc
internal import Logging
internal import Synchronization

/// Upgrades of this program and of those that came with it.
extension Enforcer {
    /// Judges an offer, and says what is wanted of it.
    func upgrade(_ offer: Cordon_V1_UpgradeOffer) throws -> Cordon_V1_UpgradeState {
        try upgrading { try $0.take(offer, at: $1) }
    }

    /// Takes a part of a package, and says what is wanted next.
    func upgrade(_ part: Cordon_V1_ReleasePart) throws -> Cordon_V1_UpgradeState {
        try upgrading { try $0.take(part, at: $1) }
    }

    private func upgrading(
        _ take: (inout UpgradeIntake, UpgradeIntake.Host) throws -> Cordon_V1_UpgradeState
    ) throws -> Cordon_V1_UpgradeState {
        let host = core.withLock { core in
            refreshHost(&core)
            return UpgradeIntake.Host(identity: core.host, policy: core.policy, now: clock.now())
        }
        return try intake.withLock { opened in
            var intake = try opened ?? UpgradeIntake(stateFolder: configuration.stateDirectory)
            defer { opened = intake }
            let before = intake.latest
            let state = intake.told(try take(&intake, host))
            if state.stage != before?.stage || state.rolloutID != before?.rolloutID {
                log.notice(
                    "an upgrade",
                    metadata: ["version": "\(state.version)", "stage": "\(state.stage)", "why": "\(state.fault)"])
            }
            return state
        }
    }

    /// What is under way or ended last, and what is installed.
    func upgradeState() throws -> Cordon_V1_UpgradeState {
        try upgrading { intake, _ in intake.latest ?? Cordon_V1_UpgradeState() }
    }

    /// The version that runs, as dpkg has it where this is the program of a package: what it would be gone back to.
    var version: String {
        packagedVersion.withLock { known in
            if let known { return known }
            var version = configuration.version
            if TextFile.link("/proc/self/exe") == "/usr/sbin/cordon-enforcer",
                let installed = (try? HostPackages().installed(HostPackages.own)) ?? nil
            {
                version = installed.version
            }
            known = version
            return version
        }
    }

    /// Told to whoever looks at this host after an upgrade.
    func hearsController() {
        intake.withLockIfAvailable { $0?.folder.hear() }
    }

    /// Where an upgrade is gone back from, puts an isolation back that the version which was tried out lost, and that neither
    /// its term nor a release has ended. What is to be told of that.
    static func putBackIsolation(
        lostFrom journal: inout OrderJournal, stateFolder: String, clock: BootClock
    ) throws -> String? {
        // Looked at before anything is made: most hosts have none.
        guard TextFile.names(in: stateFolder + "/upgrade").contains(ReleaseFolder.isolatedName) else { return nil }
        let folder = try ReleaseFolder(stateFolder: stateFolder)
        guard let step = folder.begun?.step, step == .returning || step == .lookingBack else { return nil }
        var watch = IsolationWatch(folder, stateFolder: stateFolder, clock: clock)
        guard var lost = try watch.forgotten() else { return nil }
        if lost.term.boot != clock.boot { lost.term = clock.term(max(.zero, clock.remaining(of: lost.term))) }
        let records = [.heard(boot: clock.boot, sinceBoot: clock.sinceBoot()), lost.record]
        // A disk that is full opens no host.
        do { try journal.append(records, urgent: true) } catch { journal.take(records) }
        return "An upgrade had lost the isolation of this host, by order \(lost.order); it is put back."
    }

    /// The isolation was released: an upgrade that is under way must not take it for lost.
    func forgetSeenIsolation() { ReleaseFolder.forgetIsolated(stateFolder: configuration.stateDirectory) }

    /// Opens what is kept of upgrades; a host whose disk refuses that can still be contained.
    func openIntake() {
        do {
            let opened = try UpgradeIntake(stateFolder: configuration.stateDirectory)
            intake.withLock { $0 = opened }
        } catch { log.error("upgrades: \(error)") }
    }
}
