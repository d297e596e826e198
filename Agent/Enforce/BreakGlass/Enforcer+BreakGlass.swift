internal import CordonModel
internal import CordonWire
internal import Logging
internal import Synchronization

/// Ends an isolation from the host itself, without the controller.
extension Enforcer {
    /// Makes one-time codes; those made before are worth nothing afterwards. The caller has made sure that root asks, and
    /// shows them once.
    package func makeCodes(_ count: Int) throws(EnforceError) -> [String] {
        guard (1...ReleaseCodes.most).contains(count) else {
            throw EnforceError("codes.count", "There may be 1 to \(ReleaseCodes.most) codes; \(count) were asked for.")
        }
        let (codes, kept) = ReleaseCodes.make(count)
        try write([.codes(kept)])
        log.notice("one-time codes were made", metadata: ["count": "\(count)"])
        return codes
    }

    /// Ends the isolation with a one-time code, by whoever has it.
    ///
    /// That it is used stands on disk together with the release, before the kernel is touched: whatever ends this process in
    /// between, the code is never good again, and the next start finds nothing to isolate.
    package func release(code: String, by user: UInt32, reason: String) throws(EnforceError) {
        let salt = core.withLock { core in
            core.journal.desired.isolation == nil ? nil : core.journal.desired.codes?.salt
        }
        guard let salt else {
            let isIsolated = core.withLock { $0.journal.desired.isolation != nil }
            throw EnforceError(
                isIsolated ? "codes.none" : "codes.not_isolated",
                isIsolated ? "No codes were made for this host." : "This host is not isolated; the code was not used.",
                remedy: isIsolated ? "As root: `cordon-enforcer release --reason …`." : "")
        }
        guard guesses.withLock({ $0.take(by: user, at: clock.sinceBoot()) }) else {
            announcements.announce(
                .refused, "User \(user) guesses at the codes that end an isolation.", at: clock.now())
            throw EnforceError("codes.too_many", "Too many codes were wrong: wait a quarter of an hour.")
        }
        let hash = ReleaseCodes.hash(code, salt: salt)
        let text =
            "The isolation was ended from this host with a one-time code, by user \(user)"
            + (reason.isEmpty ? "." : ": \(reason.bounded(200))")
        try core.withLock { core throws(EnforceError) in
            guard core.journal.desired.codes?.hold(hash) == true, core.journal.desired.isolation != nil else {
                log.warning("a one-time code was wrong", metadata: ["user": "\(user)"])
                throw EnforceError("codes.wrong", "That is none of the codes, or it was used already.")
            }
            try core.journal.append([.codeUsed(hash, text: text), .released(why: text)], urgent: true)
            forgetSeenIsolation()
            _ = try core.containment.release()
        }
        guesses.withLock { $0.forget(user) }
        log.warning("\(text)")
        announcements.announce(.breakGlass, text, at: clock.now())
    }

    /// The agent has made alerts of these notices: uses of codes among them are told no more.
    func heard(_ ids: [UInt64]) {
        let told = announcements.notices.contains { ids.contains($0.id) && $0.kind == .breakGlass }
        announcements.forget(ids)
        if told { core.withLock { if !$0.journal.desired.usesUntold.isEmpty { record([.codeUsesTold], &$0) } } }
    }

    /// Uses of codes that were not told before this process was started.
    func announceUses() {
        for text in core.withLock({ $0.journal.desired.usesUntold }) {
            announcements.announce(.breakGlass, text, at: clock.now())
        }
    }
}
