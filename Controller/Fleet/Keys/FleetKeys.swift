package import CordonModel
package import CordonTrust
internal import FoundationEssentials

/// Everything that the controller signs and answers with, as it lies in the data folder. The policy root's private key is
/// not among it: it is made at `init` and taken away.
package struct FleetKeys: Sendable {
    /// Names of the files in the data folder.
    package enum File {
        package static let fleet = "fleet.json"
        package static let authority = "authority.pem"
        package static let authorityKey = "authority.key"
        package static let controller = "controller.pem"
        package static let controllerKey = "controller.key"
        package static let orderKey = "order.key"
        package static let auditKey = "audit.key"
        package static let policyRoot = "policy-root.pub"
        package static let keySet = "order-keys.signed"
    }

    /// The data folder.
    package let folder: String
    package let description: FleetDescription
    package let authority: CertificateAuthority
    /// Signs orders.
    package let orderKey: SigningKey
    /// Signs the audit chain's checkpoints.
    package let auditKey: SigningKey
    package let policyRoot: VerifyingKey

    /// The fleet's name.
    package var fleet: String { description.name }

    /// A serialised `SignedOrderKeySet`.
    var keySetFile: String { "\(folder)/\(File.keySet)" }
    /// PEM: the chain that the listeners present.
    package var certificateFile: String { "\(folder)/\(File.controller)" }
    /// PEM: its key.
    package var certificateKeyFile: String { "\(folder)/\(File.controllerKey)" }

    /// Reads the folder that ``FleetSetup/create(folder:fleetName:addresses:rootKeyFile:at:)`` made.
    /// - Throws: ``FleetError`` when it holds no fleet or its keys do not fit together, `TrustError` naming the file at fault.
    package static func load(folder: String) throws -> FleetKeys {
        guard KeyFile.exists("\(folder)/\(File.fleet)") else {
            throw FleetError(
                code: "fleet.not_initialised", message: "There is no fleet in \(folder).",
                remedy: "Make one with `cordon-controller init`, or name the folder that holds it.")
        }
        let keys = FleetKeys(
            folder: folder,
            description: try FleetDescription.read("\(folder)/\(File.fleet)"),
            authority: try CertificateAuthority(
                certificateFile: "\(folder)/\(File.authority)", privateKeyFile: "\(folder)/\(File.authorityKey)"),
            orderKey: try KeyFile.signingKey(at: "\(folder)/\(File.orderKey)"),
            auditKey: try KeyFile.signingKey(at: "\(folder)/\(File.auditKey)"),
            policyRoot: try KeyFile.verifyingKey(at: "\(folder)/\(File.policyRoot)")
        )
        try keys.check()
        return keys
    }

    /// Throws unless the files belong together: agents would refuse every order otherwise.
    private func check() throws {
        guard authority.fleet == fleet else {
            throw FleetError(
                code: "fleet.mixed_files",
                message: "\(folder)/\(File.authority) belongs to another fleet than \(File.fleet).",
                remedy: "Restore the whole folder from one backup.")
        }
        _ = try readKeySet()
    }

    /// Makes a new controller key and certificate for the same names when the old one is past two thirds of its life.
    /// Returns whether it did. Blocks for the disk.
    package func renewControllerCertificate(at now: Timestamp) throws -> Bool {
        let pem = String(decoding: try KeyFile.read(certificateFile, secret: false), as: UTF8.self)
        let identity = ControllerIdentity(
            privateKeyPEM: "", certificate: try FleetSetup.firstCertificate(in: pem),
            authority: authority.anchor.certificate)
        guard try identity.renewalDue() <= now else { return false }
        try issueControllerCertificate(at: now)
        return true
    }

    /// Makes a new controller key and certificate now and writes both files.
    package func issueControllerCertificate(at now: Timestamp) throws {
        let identity = try authority.controllerIdentity(
            names: description.names, addresses: description.ipAddresses, at: now)
        // The key first: a listener that reads between the two finds a pair that does not fit, and keeps what it has.
        try KeyFile.write(Array(identity.privateKeyPEM.utf8), to: certificateKeyFile)
        try KeyFile.write(Array(identity.chainPEM.utf8), to: certificateFile, mode: 0o644)
    }
}

/// What `fleet.json` says.
package struct FleetDescription: Sendable, Hashable, Codable {
    /// As in `spiffe://FLEET/agent/UUID`.
    package var name: String
    /// Host names and IP addresses under which agents and people reach the controller.
    package var addresses: [String]

    package init(name: String, addresses: [String]) {
        self.name = name
        self.addresses = addresses
    }

    /// Those that are addresses.
    package var ipAddresses: [IPAddress] { addresses.compactMap { IPAddress($0) } }

    /// Those that are host names.
    package var names: [String] { addresses.filter { IPAddress($0) == nil } }

    static func read(_ path: String) throws -> FleetDescription {
        let bytes = try KeyFile.read(path, secret: false)
        do { return try JSONDecoder().decode(FleetDescription.self, from: Data(bytes)) } catch {
            throw FleetError(
                code: "fleet.bad_description", message: "\(path) is not the description of a fleet.",
                remedy: "Restore it from its backup.")
        }
    }

    var json: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        }
    }
}
