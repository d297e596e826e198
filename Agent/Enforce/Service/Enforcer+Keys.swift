internal import CordonModel
internal import CordonOrders
internal import Dispatch
internal import Glibc
internal import Logging
internal import Synchronization

/// Removing keys of accounts, putting them back and keeping them out: all of it while `keys` is held.
extension Enforcer {
    private func withdrawal(_ policy: LocalPolicy) -> KeyWithdrawal {
        KeyWithdrawal(accounts: Accounts(folder: configuration.accountsDirectory), policy: policy)
    }

    /// On disk what is about to go, then gone.
    func removeKey(
        _ removal: KeyRemoval, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        guard let digest = AuthorizedKeys.digest(ofFingerprint: removal.fingerprint) else {
            throw EnforceError("key.fingerprint", "\(removal.fingerprint) is no fingerprint.")
        }
        let withdrawal = withdrawal(policy)
        let account = try withdrawal.account(removal.user)
        try withdrawal.check(account)
        let files = KeyFiles(of: account)
        let found = try withdrawal.find(digest, of: account, in: files)
        let key = HeldEffect.Key(kind: .removeSSHKey, subject: "\(removal.user)/\(removal.fingerprint)")
        let earlier = core.withLock { $0.journal.desired.held[key] }
        guard !found.files.isEmpty || earlier != nil else {
            throw EnforceError(
                "key.unknown",
                "That key is in none of \(account.name)'s files: \(files.paths.joined(separator: ", ")).")
        }
        // What went before, and what stands there now besides.
        var removed = earlier.flatMap { RemovedKey(bytes: $0.undo) } ?? found
        removed.files += found.files.filter { file in !removed.files.contains { $0.path == file.path } }
        let effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: "\(removal.user) \(removal.fingerprint)", term: clock.term(Term.endless), undo: removed.bytes)
        try write([.held(effect)])
        // What fails half-way stays written down: its order can be undone.
        for file in found.files {
            try withdrawal.remove(digest, from: file.path, of: account, as: Self.draft(order.id))
        }
        let left = try withdrawal.find(digest, of: account, in: files).files.map(\.path)
        let lines = found.files.flatMap { file in file.lines.map { "removed line \($0.index + 1) of \(file.path)" } }
        let proof = Proof(
            applied: lines.prefix(50) + files.notes, appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "key_gone", passed: left.isEmpty,
                    observed: left.isEmpty
                        ? "none of \(files.paths.count) files has it" : "it is in \(left.joined(separator: ", ")) still"
                )
            ])
        return Self.proved(proof, "The key \(removal.fingerprint) opens \(account.name) no longer.")
    }

    /// The name of a file while it is made.
    private static func draft(_ order: OrderID) -> String { ".cordon-\(order)" }

    func putKeyBack(_ removedBy: OrderID, _ policy: LocalPolicy, begun: ContinuousClock.Instant) throws -> Verdict {
        let effect = core.withLock {
            $0.journal.desired.held.values.first { $0.key.kind == .removeSSHKey && $0.orders.contains(removedBy) }
        }
        guard let effect, let removed = RemovedKey(bytes: effect.undo) else {
            return Verdict(
                outcome: .succeeded, message: "Nothing that the order \(removedBy) removed is removed still.",
                proof: Proof(applied: []))
        }
        let withdrawal = withdrawal(policy)
        let account = try withdrawal.account(removed.user)
        for file in removed.files {
            try withdrawal.putBack(file, removed.digest, of: account, as: Self.draft(removedBy))
        }
        record([.ended(effect.key, why: "an order")])
        let missing = try removed.files.filter {
            try AuthorizedKeysFile($0.path, of: account)?.keys.indices(of: removed.digest).isEmpty ?? true
        }
        let proof = Proof(
            applied: removed.files.map { "put \($0.lines.count) lines back into \($0.path)" },
            appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "key_back", passed: missing.isEmpty,
                    observed: missing.isEmpty
                        ? "each file has it" : "it is not in \(missing.map(\.path).joined(separator: ", "))")
            ])
        return Self.proved(proof, "The key of \(removed.user) is back.")
    }

    // MARK: - Keeping it so

    /// Removes again what somebody added again. Called in every round of the reconciler, which waits for no home folder:
    /// what there is to do is done beside it.
    func keepKeysOut() {
        let effects = core.withLock { $0.journal.desired.held.values.filter { $0.key.kind == .removeSSHKey } }
        guard !effects.isEmpty, keys.withLockIfAvailable({ _ in true }) == true else { return }
        DispatchQueue.global().async {
            _ = self.keys.withLockIfAvailable { seen in
                let (effects, policy) = self.core.withLock { core in
                    (core.journal.desired.held.values.filter { $0.key.kind == .removeSSHKey }, core.policy)
                }
                for effect in effects { self.keepOut(effect, policy, &seen) }
            }
        }
    }

    private func keepOut(_ effect: HeldEffect, _ policy: LocalPolicy, _ seen: inout [String: [Int64]]) {
        guard let removed = RemovedKey(bytes: effect.undo), let order = effect.orders.last else { return }
        for path in removed.files.map(\.path) {
            let version = TextFile.version(path)
            let name = "\(effect.key.subject) \(path)"
            guard seen[name] != version else { continue }
            seen[name] = version
            do {
                let withdrawal = withdrawal(policy)
                let account = try withdrawal.account(removed.user)
                guard let file = try AuthorizedKeysFile(path, of: account),
                    !file.keys.indices(of: removed.digest).isEmpty
                else {
                    continue
                }
                try withdrawal.remove(removed.digest, from: path, of: account, as: Self.draft(order))
                core.withLock { $0.containment.countRepair() }
                log.warning("a key that was added again was removed again", metadata: ["key": "\(effect.title)"])
            } catch {
                log.error("a key could not be kept out: \(error)", metadata: ["key": "\(effect.title)"])
            }
        }
    }
}
