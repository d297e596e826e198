internal import CordonModel

/// Parameters of `remove_ssh_key`: one key opens an account no longer.
package struct KeyRemoval: Sendable, Hashable {
    /// The name of a local account.
    package var user: String
    /// As `ssh-keygen -l` shows it: `SHA256:` and 43 characters of base64.
    package var fingerprint: String

    package init(user: String, fingerprint: String) {
        self.user = user
        self.fingerprint = fingerprint
    }

    init(_ given: GivenParameters) throws(ActionError) {
        user = try given.text("user")
        fingerprint = try given.text("fingerprint")
    }

    var parameters: [String: FieldValue] { ["user": .text(user), "fingerprint": .text(fingerprint)] }
}

extension CatalogueEntry {
    static let removeSSHKey = CatalogueEntry(
        kind: .removeSSHKey, capability: .accounts,
        parameters: [
            .required("user", .userName, "The name of a local account; root too."),
            .required("fingerprint", .keyFingerprint, "The key, as `ssh-keygen -l` and sshd's log show it."),
        ],
        precondition:
            "The key is in one of the files that `sshd -T` names for the account (`authorized_keys` and "
            + "`authorized_keys2` where it names none): each the account's own or root's, without links.",
        effect:
            "Its lines are gone from those files until they are put back; one that is added to the same file again goes again. Sessions "
            + "that it has opened go on, and what `AuthorizedKeysCommand` or a certificate authority allows is not "
            + "looked into.",
        proof: "The lines that went; probe: key_gone.", openC2: "deny er:account, args.x-cordon.ssh_key")

    static let restoreSSHKey = CatalogueEntry(
        kind: .restoreSSHKey, capability: .accounts, parameters: [.undone], precondition: "The files are there.",
        effect: "The lines are at their places again, and the files as they were where nobody changed them.",
        proof: "Probe: key_back.", openC2: "allow x-cordon:order, args.x-cordon.did remove_ssh_key")
}
