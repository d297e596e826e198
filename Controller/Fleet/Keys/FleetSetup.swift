package import CordonModel
internal import CordonOrders
package import CordonTrust
internal import CordonWire
internal import FoundationEssentials
internal import Glibc

/// Makes a fleet: the work of `cordon-controller init`.
package enum FleetSetup {
    /// What was made and what the administrator must do now.
    package struct Outcome: Sendable {
        package let keys: FleetKeys
        /// Where the policy root's private key lies.
        package let rootKeyFile: String
        /// One sentence for the administrator.
        package let notice: String
    }

    /// How long the signed set of order keys is good for. The root is needed again before.
    package static let keySetLifetime = KeyDocument.lifetime

    /// Makes authority, controller certificate, order key, audit key and policy root in the folder.
    ///
    /// The description is written last: a folder without one holds no fleet, and an interrupted `init` can be run again.
    /// - Parameters:
    ///   - addresses: Host names and IP addresses of the controller; at least one.
    ///   - rootKeyFile: Where the policy root's private key goes; never inside the data folder.
    /// - Throws: ``FleetError`` when there is a fleet already or the folder cannot be used.
    package static func create(
        folder: String, fleetName: String, addresses: [String], rootKeyFile: String, at now: Timestamp
    ) throws -> Outcome {
        try DataFolder.make(folder)
        guard !KeyFile.exists("\(folder)/\(FleetKeys.File.fleet)") else {
            throw FleetError(
                code: "fleet.exists", message: "\(folder) holds a fleet already.",
                remedy: "Choose an empty folder; nothing was changed.")
        }
        guard !KeyFile.exists(rootKeyFile) else {
            throw FleetError(
                code: "fleet.root_key_exists",
                message: "\(rootKeyFile) exists already and may be the policy root of another fleet.",
                remedy: "Take it away, or name another file; nothing was changed.")
        }
        try check(addresses)
        let (root, order) = (SigningKey(), SigningKey())
        let keys = FleetKeys(
            folder: folder,
            description: FleetDescription(name: fleetName, addresses: addresses),
            authority: try CertificateAuthority(fleet: fleetName, at: now),
            orderKey: order,
            auditKey: SigningKey(),
            policyRoot: root.verifyingKey)
        try keys.write(at: now, root: root, rootKeyFile: rootKeyFile)
        return Outcome(
            keys: keys, rootKeyFile: rootKeyFile,
            notice: """
                The policy root key is in \(rootKeyFile): move it to offline storage now, the controller does not need it; \
                whoever holds it can give any key the right to order every host.
                """)
    }

    /// A serialised `SignedOrderKeySet` that the root signed.
    package static func signKeySet(
        fleet: String, version: UInt64, keys: [VerifyingKey], root: SigningKey, at now: Timestamp
    ) throws -> [UInt8] {
        try KeyDocument(version: version, fleet: fleet, expiresAt: now + keySetLifetime, orderKeys: keys).signed(
            with: root)
    }

    /// DER of the first certificate of a PEM text.
    static func firstCertificate(in pem: String) throws -> [UInt8] {
        let lines = pem.split(separator: "\n").prefix { !$0.hasPrefix("-----END") }.drop { $0.hasPrefix("-----") }
        guard let der = Data(base64Encoded: lines.joined()) else {
            throw FleetError(code: "fleet.bad_certificate", message: "The controller's certificate is not PEM.")
        }
        return Array(der)
    }

    private static func check(_ addresses: [String]) throws {
        guard !addresses.isEmpty else {
            throw FleetError(
                code: "fleet.no_address",
                message: "The controller needs at least one host name or address that agents can reach.",
                remedy: "Give it with --address.")
        }
        for address in addresses where IPAddress(address) == nil && ControllerAddress("\(address):1") == nil {
            throw FleetError(
                code: "fleet.bad_address",
                message: "\"\(address.bounded(80))\" is neither a host name nor an IP address.",
                remedy: "Give it without a scheme and without a port.")
        }
    }
}

extension FleetKeys {
    fileprivate func write(at now: Timestamp, root: SigningKey, rootKeyFile: String) throws {
        try authority.save(
            certificateFile: "\(folder)/\(File.authority)", privateKeyFile: "\(folder)/\(File.authorityKey)")
        try issueControllerCertificate(at: now)
        try KeyFile.write(orderKey, to: "\(folder)/\(File.orderKey)")
        try KeyFile.write(auditKey, to: "\(folder)/\(File.auditKey)")
        try KeyFile.write(policyRoot, to: "\(folder)/\(File.policyRoot)")
        let keySet = try FleetSetup.signKeySet(
            fleet: fleet, version: 1, keys: [orderKey.verifyingKey], root: root, at: now)
        try KeyFile.write(keySet, to: "\(folder)/\(File.keySet)", mode: 0o644)
        try KeyFile.write(root, to: rootKeyFile)
        try KeyFile.write(try description.json, to: "\(folder)/\(File.fleet)", mode: 0o644)
    }
}
