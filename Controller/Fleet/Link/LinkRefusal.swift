internal import CordonModel
internal import CordonTrust
internal import CordonWire
internal import GRPCCore

/// Why a stream is not let in. Each is one sentence for the person at the host, and a code in the metadata for the agent.
enum LinkRefusal: Error {
    case noCertificate
    case notAnAgent
    case otherFleet(String, ours: String)
    case notIssuedHere
    case expired(Timestamp)
    case replaced
    case revoked(HostRecord.Revocation)
    case clone
    case noMachine
    case contract(String)
    case busy(String)
    case token(code: String, String)
    case malformed(String)

    /// The metadata key of the stable code.
    static let key = "cordon-code"

    private var kind: (code: RPCError.Code, name: String) {
        switch self {
        case .noCertificate: (.unauthenticated, "link.no_certificate")
        case .notAnAgent: (.unauthenticated, "link.not_an_agent")
        case .otherFleet: (.unauthenticated, "link.other_fleet")
        case .notIssuedHere: (.unauthenticated, "link.not_issued_here")
        case .expired: (.unauthenticated, "link.certificate_expired")
        case .replaced: (.unauthenticated, "link.certificate_replaced")
        case .revoked: (.permissionDenied, "host.revoked")
        case .clone: (.permissionDenied, "host.clone")
        case .noMachine: (.invalidArgument, "link.no_machine")
        case .contract: (.failedPrecondition, "link.contract")
        case .busy: (.resourceExhausted, "link.busy")
        case .token(let code, _): (.permissionDenied, code)
        case .malformed: (.invalidArgument, "link.malformed")
        }
    }

    private var sentence: String {
        switch self {
        case .noCertificate: "This host is not enrolled: run `cordon-agent enroll` with a token of this fleet."
        case .notAnAgent:
            "The certificate is not one of an agent; run `cordon-agent enroll` with a token of this fleet."
        case .otherFleet(let theirs, let ours):
            "This agent belongs to the fleet \(theirs.bounded(63)), and this controller serves \(ours): correct the controller's address or enrol the host here."
        case .notIssuedHere:
            "This controller's authority did not issue the agent's certificate: enrol the host again with a token of this fleet."
        case .expired(let when): "The agent's certificate ended at \(when): enrol the host again with a new token."
        case .replaced:
            "The agent's certificate is not in force any more, a newer one took its place: use that, or enrol the host again."
        case .revoked(let revocation):
            "This agent was revoked at \(revocation.at): ask the fleet's administrator, and enrol the host again with a new token."
        case .clone:
            "clone: this agent's key was enrolled on another machine; remove /var/lib/cordon-agent on this one and enrol it with a token of its own."
        case .noMachine: "The call does not say on which machine the agent runs (cordon-machine-bin)."
        case .contract(let theirs):
            "The agent speaks version \(theirs.bounded(20)) of the contract and this controller version 1: bring both to one release."
        case .busy(let what): "\(what)"
        case .token(_, let what): what
        case .malformed(let what): "The request is malformed: \(what)."
        }
    }

    /// As gRPC carries it.
    var status: RPCError {
        RPCError(code: kind.code, message: sentence, metadata: [Self.key: "\(kind.name)"])
    }
}
