internal import CordonModel
internal import CordonOrders
internal import Logging
internal import Synchronization

extension Enforcer {
    private func accountLock(_ policy: LocalPolicy) -> AccountLock {
        AccountLock(
            accounts: Accounts(folder: configuration.accountsDirectory), policy: policy,
            agentUser: configuration.agentUser)
    }

    /// On disk what is about to be changed, then locked; sessions end last, when nobody can come back.
    func lock(
        _ locking: AccountLocking, _ order: Order, _ policy: LocalPolicy, begun: ContinuousClock.Instant
    ) throws -> Verdict {
        let lock = accountLock(policy)
        let key = HeldEffect.Key(kind: .lockAccount, subject: locking.user)
        let earlier = core.withLock { $0.journal.desired.held[key] }
        let held = earlier.flatMap { LockedAccount(bytes: $0.undo) }
        // One that is held already was judged when it was locked; then it was usable, and now it is not.
        let account =
            held == nil ? try lock.check(locking.user) : try lock.accounts.account(locking.user)
        guard let account else {
            throw EnforceError("account.unknown", "This host has no local account \(locking.user).")
        }
        var effect = HeldEffect(
            key: key, orders: (earlier?.orders ?? []).filter { $0 != order.id }.suffix(100) + [order.id],
            title: locking.user, term: longer(earlier?.term, locking.duration), undo: [])
        let locked = try held ?? lock.plan(account)
        effect.undo = locked.bytes
        try write([.held(effect)])
        do {
            try lock.apply(locked)
            let ended = locking.keepsSessions ? nil : try endSessions(of: locked, policy)
            return Self.locked(try lock.isLocked(locking.user), ended, locking.user, begun)
        } catch {
            if let earlier, earlier.orders.last != order.id {
                record([.held(earlier)])
            } else {
                // What cannot be unlocked now stays written down: its order can be undone, and its term ends it.
                try lock.unlock(locked)
                record([.ended(key, why: "locking failed")])
            }
            throw error
        }
    }

    private func endSessions(of locked: LockedAccount, _ policy: LocalPolicy) throws -> ProcessKill.Report {
        try ProcessKill(policy: policy, agentUser: configuration.agentUser).endUser(locked.user)
    }

    private static func locked(
        _ isLocked: Bool, _ ended: ProcessKill.Report?, _ user: String, _ begun: ContinuousClock.Instant
    ) -> Verdict {
        var probes = [
            Proof.Probe(
                name: "account_locked", passed: isLocked,
                observed: isLocked ? "password and account are locked" : "the account is not locked")
        ]
        if let ended {
            let seen =
                ended.left.isEmpty ? "\(ended.killed) processes ended" : ended.left.prefix(10).joined(separator: "; ")
            probes.append(Proof.Probe(name: "sessions_ended", passed: ended.left.isEmpty, observed: seen))
        }
        let proof = Proof(
            applied: ["locked \(user)"] + (ended?.applied ?? []),
            appliedMicroseconds: (ContinuousClock.now - begun).microseconds, probes: probes)
        return proved(proof, "The account \(user) is locked.")
    }

    func unlock(_ lockedBy: OrderID, _ policy: LocalPolicy, begun: ContinuousClock.Instant) throws -> Verdict {
        let effect = core.withLock {
            $0.journal.desired.held.values.first { $0.key.kind == .lockAccount && $0.orders.contains(lockedBy) }
        }
        guard let effect else {
            return Verdict(
                outcome: .succeeded, message: "Nothing that the order \(lockedBy) locked is locked still.",
                proof: Proof(applied: []))
        }
        let lock = accountLock(policy)
        try unlock(effect, lock, why: "an order")
        let isLocked = try lock.isLocked(effect.title)
        let proof = Proof(
            applied: ["unlocked \(effect.title)"], appliedMicroseconds: (ContinuousClock.now - begun).microseconds,
            probes: [
                Proof.Probe(
                    name: "account_unlocked", passed: !isLocked,
                    observed: isLocked ? "the account is locked still" : "password and expiry are as they were")
            ])
        return Self.proved(proof, "The account \(effect.title) is as it was.")
    }

    private func unlock(_ effect: HeldEffect, _ lock: AccountLock, why: String) throws(EnforceError) {
        if let locked = LockedAccount(bytes: effect.undo) { try lock.unlock(locked) }
        record([.ended(effect.key, why: why)])
    }

    /// The term of an effect that is asked for anew: a shorter one never cuts a longer one short.
    func longer(_ earlier: Term?, _ duration: Duration) -> Term {
        let asked = clock.term(duration)
        return earlier.map { clock.remaining(of: $0) > duration ? $0 : asked } ?? asked
    }

    // MARK: - Keeping it so

    /// Unlocks what is over, and locks again what somebody unlocked. Called in every round of the reconciler; one in which
    /// an order takes hold of something or lets it go is left out.
    func keepLocked() { _ = keeping.withLockIfAvailable { _ in keepLockedAlone() } }

    private func keepLockedAlone() {
        let (effects, policy) = core.withLock { core in
            (core.journal.desired.held.values.filter { $0.key.kind == .lockAccount && !$0.undo.isEmpty }, core.policy)
        }
        guard !effects.isEmpty else { return }
        var lock = accountLock(policy)
        // An isolation that must be put back waits behind this. What is not done now is tried again.
        lock.patience = .milliseconds(50)
        let version = lock.version
        let isNew = accountsSeen.withLock { seen in
            defer { seen = version }
            return seen != version
        }
        for effect in effects {
            do {
                if clock.remaining(of: effect.term) <= .zero {
                    try unlock(effect, lock, why: "the term is over")
                    log.notice("an account is unlocked: its time is over", metadata: ["account": "\(effect.title)"])
                } else if isNew, let locked = LockedAccount(bytes: effect.undo), let again = try lock.hold(locked) {
                    var effect = effect
                    effect.undo = again.bytes
                    record([.held(effect)])
                    repaired("An account that was unlocked by hand was locked again: \(effect.title).")
                    log.warning(
                        "an account that was unlocked by hand was locked again",
                        metadata: ["account": "\(effect.title)"])
                }
            } catch {
                accountsSeen.withLock { $0 = [] }
                log.error(
                    "an account could not be kept as it is to be",
                    metadata: ["account": "\(effect.title)", "error": "\(error)"])
            }
        }
    }
}
