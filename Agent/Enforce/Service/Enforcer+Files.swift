internal import CordonModel
internal import CordonOrders
internal import Glibc
internal import Logging
internal import Synchronization

extension Enforcer {
    func quarantine(
        _ target: FileTarget, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        try takeAway(target, policy, "quarantined", "is in quarantine; restore it by this order's identifier", begun) {
            try $0.take(
                target.path, as: order.id.uuid, at: clock.now(), expecting: $1, evenIfLinked: target.evenIfLinked)
        }
    }

    func delete(
        _ target: FileTarget, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        try takeAway(target, policy, "deleted", "is deleted", begun) {
            try $0.delete(
                target.path, as: order.id.uuid, at: clock.now(), expecting: $1, evenIfLinked: target.evenIfLinked)
        }
    }

    /// Judges the file, has it taken away, and proves that it is gone.
    private func takeAway(
        _ target: FileTarget, _ policy: LocalPolicy, _ verb: String, _ outcome: String,
        _ begun: ContinuousClock.Instant, by take: (Quarantine, _ digest: [UInt8]?) throws -> QuarantinedFile
    ) throws -> Verdict {
        try checkOwn(target.path)
        try policy.checkPackage(of: target.path, in: packages)
        let running = RunningProcess.running(target.path)
        let file = try take(try openQuarantine(), target.digest.flatMap { HexDigit.bytes($0) })
        let isGone = unsafe access(file.path, F_OK) != 0
        var lines = [file.line(verb)]
        if file.otherNames > 0 { lines.append("\(file.otherNames) other names of it are left (hard links)") }
        // Its bytes stay in their memory.
        lines += running.prefix(20).map { "process \($0.pid) runs it still" }
        let proof = Proof(
            applied: lines, appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(name: "file_gone", passed: isGone, observed: "\(file.path) is \(isGone ? "not " : "")there")
            ])
        return Self.proved(proof, "\(file.path) \(outcome).")
    }

    func restore(_ taken: OrderID, begun: ContinuousClock.Instant) throws -> Verdict {
        guard let file = try openQuarantine().restore(taken.uuid) else {
            throw EnforceError("file.not_held", "Nothing that the order \(taken) took away is in quarantine here.")
        }
        let isBack = unsafe access(file.path, F_OK) == 0
        let proof = Proof(
            applied: [file.line("restored")], appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(name: "file_back", passed: isBack, observed: "\(file.path) is \(isBack ? "" : "not ")there")
            ])
        return Self.proved(proof, "\(file.path) is back as it was.")
    }

    // MARK: - The quarantine

    private var packages: PackageFiles { PackageFiles() }

    /// Throws for what the enforcer itself stands on, wherever its settings put that.
    func checkOwn(_ path: String) throws(Refusal) {
        let folders = [configuration.stateDirectory, configuration.policyDirectory].map { Self.real($0) + "/" }
        let files = [configuration.identityPath, configuration.policyRootPath].map(Self.real)
        guard files.contains(path) || folders.contains(where: { path.utf8.starts(with: $0.utf8) }) else { return }
        throw Refusal("built-in: own file", "\(path) is one that the enforcer stands on.")
    }

    /// The path without links, as files are ordered; itself when there is nothing there.
    private static func real(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// The quarantine, opened at its first use and settled then. A host whose disk refuses it can still be isolated.
    func openQuarantine() throws -> Quarantine {
        try quarantine.withLock { try open(&$0) }
    }

    private func open(_ opened: inout Quarantine?) throws -> Quarantine {
        if let opened { return opened }
        let fresh = try Quarantine(folder: configuration.stateDirectory + "/quarantine")
        opened = fresh
        return fresh
    }

    /// What is in quarantine, oldest first, for the status. Waits neither for a file that is being copied nor for another
    /// who opens the quarantine: each question has one of few connections, and an isolation needs one too.
    func quarantined() -> [ContainmentState.Effect] {
        let opened = quarantine.withLockIfAvailable { try? open(&$0) } ?? nil
        return (opened?.list() ?? []).map {
            ContainmentState.Effect(kind: .quarantineFile, subject: $0.path, order: OrderID($0.id))
        }
    }
}

extension QuarantinedFile {
    fileprivate func line(_ verb: String) -> String {
        let digest = HexDigit.text(sha256)
        return
            "\(verb) \(path): \(size) bytes, SHA-256 \(digest), owner \(user):\(group), mode \(String(mode, radix: 8))"
    }
}
