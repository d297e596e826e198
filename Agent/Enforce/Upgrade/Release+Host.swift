internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire

extension Release {
    /// Reads one that came over the link or was kept, and verifies that the policy root signed it for this host. Whether it has
    /// expired is asked apart: what a host goes back to may have.
    init(_ signed: Cordon_V1_SignedRelease, for host: HostIdentity, architecture: String) throws(Refusal) {
        guard signed.release.count <= Self.mostSigned, ReleaseEnvelope(signed).isSigned(by: host.policyRoot) else {
            throw Refusal("signature", "The release is not signed by the policy root that this host pinned.")
        }
        do { self = try Release(serialized: [UInt8](signed.release)) } catch {
            throw Refusal("malformed", "The release cannot be taken: \(error)")
        }
        guard fleet == host.fleet else { throw Refusal("recipient", "The release is for another fleet.") }
        guard self.architecture == architecture else {
            throw Refusal("architecture", "The release is for \(self.architecture); this host is \(architecture).")
        }
    }

    /// Those that a host has installed: the others of a release are for other hosts.
    func files(of names: [String]) -> [File] { files.filter { names.contains($0.package) } }
}

extension Release.File {
    /// What it is called on disk: a name says nothing of what is in a file, and is never believed.
    var place: String { Self.place(of: sha256) }

    static func place(of sha256: [UInt8]) -> String { HexDigit.text(sha256) + ".deb" }
}
