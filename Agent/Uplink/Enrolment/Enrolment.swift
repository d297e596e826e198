internal import CordonLink
package import CordonModel
package import CordonTrust
internal import CordonWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import SwiftProtobuf

/// How a host becomes part of a fleet: a token is traded for a certificate over TLS that is pinned to the token.
package struct Enrolment: Sendable {
    private let settings: UplinkSettings
    private let systemFolder: String
    private let surroundings: Surroundings

    /// `systemFolder` is where root's files for the enforcer go: `/etc/cordon`.
    package init(_ settings: UplinkSettings, systemFolder: String, surroundings: Surroundings) {
        self.settings = settings
        self.systemFolder = systemFolder
        self.surroundings = surroundings
    }

    /// Enrols. Throws, before the token is used, when the host is enrolled already and `isForced` is not set, or when the
    /// result could not be kept.
    package func enrol(with token: EnrolmentToken, isForced: Bool) async throws -> AgentCredentials {
        try refuseSecondIdentity(isForced)
        try requireWritable()
        let request = try CertificateRequest()
        let (response, endpoint) = try await trade(token, request)
        let credentials = try accept(response, token: token, request: request)
        // The enforcer's files first: an agent that has an identity finds everything else in place.
        try SystemFiles(folder: systemFolder).write(credentials, controller: endpoint)
        let keySet: [UInt8] = try response.keySet.serializedBytes()
        try KeyFile.write(keySet, to: settings.keySetFile)
        ControllerResolver.remember(endpoint, in: settings.endpointFile)
        try credentials.save(to: settings.identityFile)
        return credentials
    }

    private func refuseSecondIdentity(_ isForced: Bool) throws {
        guard !isForced, KeyFile.exists(settings.identityFile) else { return }
        let known = try? AgentCredentials(file: settings.identityFile)
        throw UplinkError.enrolledAlready(
            known.map { "\($0.identity.agent) of \($0.identity.fleet)" } ?? "something unreadable")
    }

    /// A token must not be used up for an identity that cannot be kept.
    private func requireWritable() throws {
        for folder in [settings.stateFolder, systemFolder] {
            let trial = "\(folder)/.cordon-trial"
            try KeyFile.write([], to: trial)
            KeyFile.remove(trial)
        }
    }

    private func trade(
        _ token: EnrolmentToken, _ request: CertificateRequest
    ) async throws -> (Cordon_V1_EnrolResponse, ControllerEndpoint) {
        let address = settings.controller ?? token.controller
        let parameters = LinkConnection.Parameters(
            address: address, trust: .pinned(token.authority), identity: nil, timing: settings.timing,
            now: surroundings.now)
        let target = try await ControllerResolver(address: address, memory: settings.endpointFile).target()
        guard let remote = ControllerEndpoint(target) else {
            throw UplinkError.unreachable("\(address)", "it has no address")
        }
        let connection = try await LinkConnection.open(parameters, to: target)
        do {
            let message = self.message(token, request)
            let response = try await withGRPCClient(transport: connection.transport) { client in
                var options = CallOptions.defaults
                options.timeout = .seconds(30)
                let stranger = Cordon_V1_Enrolment.Client<HTTP2ClientTransport.WrappedChannel>(wrapping: client)
                return try await stranger.enrol(message, options: options)
            }
            return (response, remote)
        } catch let error as RPCError {
            if let refusal = connection.verdict.refusal { throw UplinkError.untrusted("\(address)", refusal) }
            if error.code == .unavailable, let why = connection.failure.text {
                throw UplinkError.unreachable("\(address)", why)
            }
            throw UplinkError(error, from: "\(address)")
        }
    }

    private func message(_ token: EnrolmentToken, _ request: CertificateRequest) -> Cordon_V1_EnrolRequest {
        var message = Cordon_V1_EnrolRequest()
        message.tokenID = token.id.data
        message.tokenSecret = .init(token.secret)
        message.csr = .init(request.der)
        message.machine = .init(Fingerprint.machine(machineID: settings.machineID).bytes)
        message.hostname = HostReading.hostname
        return message
    }

    /// Checks every part of the answer against the token and against each other.
    private func accept(
        _ response: Cordon_V1_EnrolResponse, token: EnrolmentToken, request: CertificateRequest
    ) throws -> AgentCredentials {
        let anchor = try TrustAnchor(certificate: [UInt8](response.authority))
        guard anchor.fingerprint == token.authority else {
            throw UplinkError.badAnswer("its certificate authority is not the one that the token names")
        }
        let root = [UInt8](response.policyRoot)
        guard Fingerprint(of: root) == token.policyRoot else {
            throw UplinkError.badAnswer("its policy root is not the one that the token names")
        }
        let certificate = [UInt8](response.certificate)
        let identity = try anchor.agent(certificate: certificate, at: surroundings.now())
        guard AgentID(bytes: response.agentID) == identity.agent, response.fleet == identity.fleet else {
            throw UplinkError.badAnswer("its certificate names another agent than it says")
        }
        let policyRoot = try VerifyingKey(rawBytes: root)
        let keySet = KeySetEnvelope(
            keySet: [UInt8](response.keySet.keySet), signature: [UInt8](response.keySet.signature))
        guard keySet.isSigned(by: policyRoot) else {
            throw UplinkError.badAnswer("its order keys are not signed by the policy root")
        }
        return try AgentCredentials(
            privateKeyPEM: request.privateKeyPEM, certificate: certificate, anchor: anchor,
            controller: settings.controller ?? token.controller, policyRoot: policyRoot)
    }
}

/// Root's files that tell the enforcer who it is and whom to believe. Only enrolment writes them; the agent cannot.
struct SystemFiles {
    let folder: String

    func write(_ credentials: AgentCredentials, controller: ControllerEndpoint) throws {
        let identity = """
            # Written by `cordon-agent enroll`. cordon-enforcer carries out orders for this agent of this fleet only.
            fleet = "\(credentials.identity.fleet)"
            agent = "\(credentials.identity.agent)"
            # What an isolated host may still connect to, for the agent's user only. Add the new address when the controller moves.
            controllers = ["\(controller)"]

            """
        try KeyFile.write(credentials.policyRoot, to: "\(folder)/policy-root.pub")
        try KeyFile.write(Array(identity.utf8), to: "\(folder)/identity.toml", mode: 0o644)
    }
}
