internal import CordonModel
package import CordonTrust

/// Everything an enrolled agent is: one file, so that a key and its certificate are never of two enrolments.
///
/// The file is a sequence of PEM blocks: `PRIVATE KEY`, `CERTIFICATE` of the agent, `CERTIFICATE` of the authority, and
/// `CORDON ENROLMENT`, which holds lines of `name=value` for the controller's address and the policy root.
package struct AgentCredentials: Sendable {
    /// PKCS #8. Never printed, logged or sent.
    package let privateKeyPEM: String
    /// The agent's certificate, DER.
    package let certificate: [UInt8]
    package let anchor: TrustAnchor
    package let identity: AgentIdentity
    /// Where the token said that the controller is.
    package let controller: ControllerAddress
    /// What order keys are signed by.
    package let policyRoot: VerifyingKey

    /// Throws unless the authority issued the certificate, for a key that it matches. An ended certificate is no error
    /// here: the controller says what it thinks of it.
    package init(
        privateKeyPEM: String, certificate: [UInt8], anchor: TrustAnchor, controller: ControllerAddress,
        policyRoot: VerifyingKey
    ) throws(TrustError) {
        let parsed = try AgentIdentity(certificate: certificate)
        identity = try anchor.agent(certificate: certificate, at: parsed.notBefore)
        guard try CertificateRequest(privateKeyPEM: privateKeyPEM).keyFingerprint == identity.keyFingerprint else {
            throw TrustError(
                code: "trust.key_mismatch", message: "The agent's private key is not the one of its certificate.",
                remedy: "Enrol this host again with --force.")
        }
        self.privateKeyPEM = privateKeyPEM
        self.certificate = certificate
        self.anchor = anchor
        self.controller = controller
        self.policyRoot = policyRoot
    }

    /// The same agent with a new key and certificate.
    package func renewed(privateKeyPEM: String, certificate: [UInt8]) throws(TrustError) -> AgentCredentials {
        let next = try AgentCredentials(
            privateKeyPEM: privateKeyPEM, certificate: certificate, anchor: anchor, controller: controller,
            policyRoot: policyRoot)
        guard next.identity.agent == identity.agent else {
            throw TrustError(code: "trust.wrong_certificate", message: "The renewed certificate names another agent.")
        }
        return next
    }
}

extension AgentCredentials {
    private static let block = "CORDON ENROLMENT"

    /// Reads the file. Throws `trust.file_missing` where there is none.
    package init(file path: String) throws(TrustError) {
        let text = String(decoding: try KeyFile.read(path), as: UTF8.self)
        let key = try PEMText.block("PRIVATE KEY", in: text)
        let certificates = try PEMText.blocks("CERTIFICATE", in: text)
        guard certificates.count == 2, let own = certificates.first, let authority = certificates.last else {
            throw Self.damaged(path)
        }
        let notes = Self.notes(try PEMText.block(Self.block, in: text))
        guard let address = notes["controller"].flatMap({ ControllerAddress($0) }),
            let root = notes["policy_root"].flatMap({ HexDigit.bytes($0) })
        else { throw Self.damaged(path) }
        try self.init(
            privateKeyPEM: PEMText.text(key, kind: "PRIVATE KEY"), certificate: own,
            anchor: try TrustAnchor(certificate: authority), controller: address,
            policyRoot: try VerifyingKey(rawBytes: root))
    }

    /// Writes the file with mode 0600, whole or not at all.
    package func save(to path: String) throws(TrustError) {
        let notes = "controller=\(controller)\npolicy_root=\(HexDigit.text(policyRoot.rawBytes))\n"
        let text = [
            privateKeyPEM.hasSuffix("\n") ? privateKeyPEM : privateKeyPEM + "\n",
            PEMText.text(certificate, kind: "CERTIFICATE"),
            anchor.pem,
            PEMText.text(Array(notes.utf8), kind: Self.block),
        ]
        try KeyFile.write(Array(text.joined().utf8), to: path)
    }

    private static func notes(_ bytes: [UInt8]) -> [String: String] {
        var notes: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let mark = line.firstIndex(of: "=") else { continue }
            notes[String(line[..<mark])] = String(line[line.index(after: mark)...])
        }
        return notes
    }

    private static func damaged(_ path: String) -> TrustError {
        TrustError(
            code: "trust.file_format", message: "\(path): is not an agent's identity, or a part of it is missing.",
            remedy: "Restore it from its backup, or enrol this host again with --force.")
    }
}
