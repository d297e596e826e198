internal import CordonModel
internal import CordonOrders
internal import Glibc
internal import Logging
internal import Synchronization

/// Keeping programs from starting, and letting them: what the guard is told, and what it answers. All of it while
/// `executables` is held.
extension Enforcer {
    private var listPath: String { BlockedExecutables.path(in: configuration.stateDirectory) }

    /// How long an order waits for the guard.
    private static let patience = Duration.seconds(3)

    /// On disk, then in the guard's list; the guard's word for it is the proof. Without it nothing stays behind.
    func block(
        _ block: ExecutableBlock, _ order: Order, _ policy: LocalPolicy, _ watch: inout ExecutableWatch,
        begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let handle = try look(at: block.subject, policy)
        let key = HeldEffect.Key(kind: .blockExecutable, subject: block.subject.text)
        let earlier = core.withLock { $0.journal.desired.held[key] }
        if let earlier, earlier.orders.contains(order.id) {
            // Begun before a crash: the term runs from then.
            return try bring(
                earlier, instead: earlier.orders == [order.id] ? nil : earlier, block.subject, &watch, begun)
        }
        var handles = earlier.flatMap { BlockedExecutables.handles($0.undo) } ?? []
        if let handle, !handles.contains(handle) {
            handles = handles.suffix(BlockedExecutables.mostHandles - 1) + [handle]
        }
        let effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).suffix(100) + [order.id], title: block.subject.words,
            term: longer(earlier?.term, block.duration), undo: BlockedExecutables.bytes(handles))
        try write([.held(effect)])
        return try bring(effect, instead: earlier, block.subject, &watch, begun)
    }

    private func bring(
        _ effect: HeldEffect, instead earlier: HeldEffect?, _ subject: ExecutableBlock.Subject,
        _ watch: inout ExecutableWatch, _ begun: ContinuousClock.Instant
    ) throws -> Verdict {
        do {
            let list = try publish(&watch)
            let report = try inForce(list, subject)
            let until = (clock.now() + clock.remaining(of: effect.term)).rfc3339(fractionDigits: 0)
            var lines = ["kept from starting: \(subject.words)"]
            lines.append("the kernel asks about \(report.files) files and folders, \(report.fileSystems) file systems")
            lines += report.faults.prefix(20).map(\.text)
            if report.unread > 0 { lines.append(report.unreadWords(report.unread)) }
            var proof = Proof(
                applied: lines, appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
                probes: [
                    Proof.Probe(
                        name: "guard_holds_list", passed: true,
                        observed: "cordon-guard, process \(report.pid), holds \(list.entries.count) programs")
                ])
            if case .digest = subject { proof.probes.append(Self.isEverywhere(report)) }
            return Self.proved(proof, "\(subject.words): kept from starting until \(until).")
        } catch {
            record([earlier.map { .held($0) } ?? .ended(effect.key, why: "it failed")])
            // What cannot be written now is written in the next round.
            _ = try? publish(&watch)
            throw error
        }
    }

    /// Whether a content is kept from starting wherever it could: where it is not, the block stays, and its order failed.
    private static func isEverywhere(_ report: GuardReport) -> Proof.Probe {
        let holes = report.faults.filter(\.subject.isEmpty)
        let others = holes.count > 1 ? " (and \(holes.count - 1) more)" : ""
        return Proof.Probe(
            name: "all_disks_guarded", passed: holes.isEmpty,
            observed: holes.first.map { "it can start still, for not all can be guarded: \($0.text)\(others)" }
                ?? "\(report.fileSystems) file systems, all on which programs could start")
    }

    /// Judges what is meant. Of a path, returns what its file system calls the file that is there; `nil` where there is none.
    private func look(at subject: ExecutableBlock.Subject, _ policy: LocalPolicy) throws -> [UInt8]? {
        let needed = ProtectedPrograms(policy)
        switch subject {
        case .digest(let digest):
            try needed.check(digest)
            try PolicyPrograms(policy).check(digest)
            return nil
        case .path(let path):
            try checkOwn(path)
            let place = try FilePlace(path)
            try place.checkFileSystem()
            try GuardMarks.check(place.folder, path)
            try policy.checkPackage(of: path, in: PackageFiles())
            guard try FileStatus(of: place.name, in: place.folder) != nil else { return nil }
            let file = try OpenedFile(path)
            try needed.check(file.status, at: path)
            return FileHandle.of(file.file.number)
        }
    }

    /// Waits until the guard says that the list is in force. Throws where it does not, or not for this program.
    private func inForce(
        _ list: BlockedExecutables, _ subject: ExecutableBlock.Subject
    ) throws(EnforceError) -> GuardReport {
        guard let report = awaitGuard(list) else {
            throw EnforceError(
                "guard.absent", "cordon-guard does not say within \(Self.patience.spelled) that it holds the list.",
                remedy:
                    "Start it with `systemctl enable --now cordon-guard`; `systemctl status cordon-guard` says what ails it."
            )
        }
        if let fault = report.faults.first(where: { $0.subject == subject.text }) {
            throw EnforceError("guard.cannot", fault.text, remedy: "Look at the folder, and order again.")
        }
        if case .digest = subject, report.fileSystems == 0 {
            throw EnforceError(
                "guard.cannot", "The kernel lets no file system of this host be guarded.",
                remedy: "Order it by path.")
        }
        return report
    }

    private func awaitGuard(_ list: BlockedExecutables) -> GuardReport? {
        let end = ContinuousClock.now + Self.patience
        while true {
            if let report = GuardReport.read(configuration.guardReport), report.revision == list.revision,
                report.boot == clock.boot
            {
                return report
            }
            guard ContinuousClock.now < end else { return nil }
            usleep(5000)
        }
    }

    /// Lets start what an order blocked.
    func unblock(
        _ blockedBy: OrderID, _ watch: inout ExecutableWatch, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let effect = core.withLock {
            $0.journal.desired.held.values.first { $0.key.kind == .blockExecutable && $0.orders.contains(blockedBy) }
        }
        if let effect {
            record([.ended(effect.key, why: "an order")])
        } else if unsafe access(listPath, F_OK) != 0 {
            return Verdict(
                outcome: .succeeded, message: "Nothing of the order \(blockedBy) is in force.",
                proof: Proof(applied: []))
        }
        // Also where an earlier undo did not get so far.
        let list = try publish(&watch)
        let report = awaitGuard(list)
        // One whose process is gone has let go: the kernel asks nobody. One that only says nothing may judge still.
        let isHeld = report == nil && GuardReport.read(configuration.guardReport)?.isAlive(clock) == true
        let seen = report.map { "cordon-guard, process \($0.pid), holds \(list.entries.count) programs" }
        let proof = Proof(
            applied: effect.map { ["may start: \($0.title)"] } ?? [],
            appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "guard_let_go", passed: !isHeld,
                    observed: seen ?? (isHeld ? "cordon-guard holds an older list" : "no cordon-guard runs"))
            ])
        let message = effect.map { "\($0.title): may start again." } ?? "Nothing of the order \(blockedBy) is in force."
        return Self.proved(proof, message)
    }

    // MARK: - The list

    private var blocked: [BlockedExecutables.Entry] {
        let effects = core.withLock { $0.journal.desired.held.values.filter { $0.key.kind == .blockExecutable } }
        return effects.sorted { $0.key.subject < $1.key.subject }.compactMap { effect in
            ExecutableBlock.Subject(effect.key.subject).map {
                .init(subject: $0, term: effect.term, handles: BlockedExecutables.handles(effect.undo) ?? [])
            }
        }
    }

    /// What the guard is to hold.
    private var wanted: BlockedExecutables {
        let entries = blocked
        let protected = entries.isEmpty ? [] : core.withLock { $0.policy.protectedProcesses.value }
        return BlockedExecutables(revision: .random(in: 1 ... .max), entries: entries, protected: protected)
    }

    @discardableResult
    private func publish(_ watch: inout ExecutableWatch) throws(EnforceError) -> BlockedExecutables {
        let list = wanted
        try list.write(to: listPath)
        watch.took(list, TextFile.version(listPath), at: .now)
        return list
    }

    /// At the start: the guard may have come before, with what was said before a restart.
    func tellGuard() {
        executables.withLock { watch in
            let isThere = unsafe access(listPath, F_OK) == 0
            guard isThere || !blocked.isEmpty else { return }
            do { try publish(&watch) } catch { log.error("\(error)") }
        }
    }

    // MARK: - Keeping it so

    /// Ends what is over, writes the list anew where somebody changed it, and tells what the guard denied. Called in every
    /// round of the reconciler; one in which an order waits for the guard is left out.
    func keepBlocked() {
        _ = executables.withLockIfAvailable { watch in
            endBlocked()
            let wanted = wanted
            guard !wanted.entries.isEmpty || !watch.isEmpty else { return }
            let isForeign = watch.isForeign(TextFile.version(listPath))
            if isForeign || !watch.says(wanted) {
                guard watch.mayTry else { return }
                do { try publish(&watch) } catch {
                    watch.failed()
                    return log.error("the list of blocked programs cannot be written: \(error)")
                }
                if isForeign { repaired("The list of blocked programs was changed by hand, and was written anew.") }
            }
            guard !wanted.entries.isEmpty else { return }
            let report = GuardReport.read(configuration.guardReport)
            for (kind, text) in watch.news(of: report, isFresh: report?.isFresh(clock) == true, names: userName) {
                log.warning("\(text)")
                announcements.announce(kind, text, at: clock.now())
            }
        }
    }

    private func endBlocked() {
        let over = core.withLock { $0.journal.desired.effectsOver(clock: clock) }
        for effect in over where effect.key.kind == .blockExecutable {
            record([.ended(effect.key, why: "the term is over")])
            log.notice("a program may start again: its time is over", metadata: ["program": "\(effect.title)"])
        }
    }

    private func userName(_ user: Int64) -> String {
        let name = UInt32(exactly: user).flatMap { try? Accounts(folder: configuration.accountsDirectory).name(of: $0) }
        return name ?? "\(user)"
    }
}
