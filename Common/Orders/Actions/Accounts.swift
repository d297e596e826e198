internal import CordonModel

/// Parameters of `lock_account`: nobody signs in as that user any more, and whoever has is out.
package struct AccountLocking: Sendable, Hashable {
    /// The name of a local account.
    package var user: String
    /// How long; the host unlocks it by itself afterwards. Whole seconds, at least one.
    package var duration: Duration
    /// Leave its processes running.
    package var keepsSessions: Bool

    package init(user: String, duration: Duration, keepsSessions: Bool = false) {
        self.user = user
        self.duration = duration
        self.keepsSessions = keepsSessions
    }

    init(_ given: GivenParameters) throws(ActionError) {
        user = try given.text("user")
        duration = try given.seconds("duration_s")
        keepsSessions = given.flag("keep_sessions")
    }

    var parameters: [String: FieldValue] {
        var parameters: [String: FieldValue] = ["user": .text(user), "duration_s": .number(duration.wholeSeconds)]
        if keepsSessions { parameters["keep_sessions"] = .flag(true) }
        return parameters
    }
}

extension CatalogueEntry {
    static let lockAccount = CatalogueEntry(
        kind: .lockAccount, capability: .accounts,
        parameters: [
            .required("user", .userName, "The name of a local account."), .duration,
            .optional("keep_sessions", .flag, "Leave its processes running.", usual: "false"),
        ],
        precondition:
            "A person's account of this host (not root, not a service's), and not the last that may become root.",
        effect:
            "Password and account are locked, so that passwords, keys, cron and at are refused alike; all its processes "
            + "are killed. Who unlocks it by hand finds it locked again.",
        proof: "Probes: account_locked, sessions_ended.", openC2: "set er:account, args.er.account_status disabled")

    static let unlockAccount = CatalogueEntry(
        kind: .unlockAccount, capability: .accounts, parameters: [.undone], precondition: "",
        effect: "Password and expiry are as they were; a password that was set meanwhile stays.",
        proof: "Probe: account_unlocked.", openC2: "set x-cordon:order, args.er.account_status enabled")
}
