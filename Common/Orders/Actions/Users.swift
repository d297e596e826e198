internal import CordonModel

/// Parameters of `cut_user_network`: nothing that a user's processes send leaves them.
package struct UserNetworkCut: Sendable, Hashable {
    /// The user's number.
    package var user: UInt32
    /// How long; the kernel ends it. Whole seconds, at least one.
    package var duration: Duration

    package init(user: UInt32, duration: Duration) {
        self.user = user
        self.duration = duration
    }

    init(_ given: GivenParameters) throws(ActionError) {
        self.init(
            user: UInt32(clamping: try given.number("uid")), duration: try given.seconds("duration_s"))
    }

    var parameters: [String: FieldValue] {
        ["uid": .number(Int64(user)), "duration_s": .number(duration.wholeSeconds)]
    }
}

extension CatalogueEntry {
    static let cutUserNetwork = CatalogueEntry(
        kind: .cutUserNetwork, capability: .network,
        parameters: [.required("uid", .number(0...4_294_967_294), "The user's number.", example: "1001"), .duration],
        precondition: "A person's number (not root's, Cordon's or a service's).",
        effect:
            "What sockets of that user send is dropped, over loopback too; its TCP connections are reset, and none is made or "
            + "accepted. Not stopped: what comes in by UDP and is not answered; Unix sockets, and whoever asks others over "
            + "them; sockets that root opened, such as those of an SSH session (lock_account ends it); programs that run as "
            + "another user.",
        proof: "Hash of the rules read back from the kernel; sockets reset.",
        openC2: "deny x-cordon:user")

    static let restoreUserNetwork = CatalogueEntry(
        kind: .restoreUserNetwork, capability: .network, parameters: [.undone], precondition: "",
        effect: "The user's sockets send again.", proof: "The rules read back from the kernel.",
        openC2: "allow x-cordon:order, args.x-cordon.did cut_user_network")
}
