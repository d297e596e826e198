internal import CordonModel
internal import GRPCCore

/// What goes wrong between this agent, its controller and its enforcer.
package struct UplinkError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String
    /// Whether trying again soon is of no use: a person has to do something first.
    package let isRefusal: Bool

    package init(code: String, message: String, remedy: String = "", isRefusal: Bool = false) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRefusal = isRefusal
    }

    /// The controller could not be connected to.
    static func unreachable(_ address: String, _ why: String) -> UplinkError {
        UplinkError(
            code: "uplink.unreachable", message: "The controller at \(address) cannot be reached: \(why).",
            remedy: "Check that the controller runs and that this host may connect to that address and port.")
    }

    /// The peer's certificate was not one to trust.
    static func untrusted(_ address: String, _ error: some ActionableError) -> UplinkError {
        UplinkError(
            code: error.code, message: "The controller at \(address) is not trusted. \(error.message)",
            remedy: error.remedy, isRefusal: true)
    }

    /// The controller did not say welcome in time.
    static let silent = UplinkError(
        code: "uplink.silent", message: "The controller accepted the connection but did not answer in time.",
        remedy: "Check the controller's log; the agent tries again by itself.")

    /// A pack of rules is not one to use.
    static func rules(_ why: String) -> UplinkError {
        UplinkError(code: "uplink.rules", message: why, remedy: "Publish and stage the rules again at the controller.")
    }

    /// The host has no identity.
    package static func notEnrolled(_ folder: String) -> UplinkError {
        UplinkError(
            code: "agent.not_enrolled", message: "This host is not enrolled: \(folder) holds no identity.",
            remedy: "Run `cordon-agent enroll` with a token from `cordon token create`.", isRefusal: true)
    }

    /// The host has one already.
    static func enrolledAlready(_ identity: String) -> UplinkError {
        UplinkError(
            code: "agent.enrolled_already", message: "This host is enrolled already as \(identity).",
            remedy: "Add --force to replace that identity; the old one must then be revoked at the controller.",
            isRefusal: true)
    }

    /// What the controller answered does not fit what the token promised.
    static func badAnswer(_ why: String) -> UplinkError {
        UplinkError(
            code: "enrol.bad_answer", message: "The controller's answer is refused: \(why).",
            remedy: "Make a new token with `cordon token create` and compare its fingerprints with the controller's.",
            isRefusal: true)
    }
}

extension UplinkError {
    /// What a call that failed means to people. The controller's own code travels in the trailing metadata `cordon-code`.
    init(_ error: RPCError, from address: String) {
        let said = error.message.printable(limit: 500)
        let named = error.metadata[stringValues: "cordon-code"].first { _ in true }?.printable(limit: 80)
        switch error.code {
        case .unauthenticated, .permissionDenied, .failedPrecondition, .invalidArgument, .unimplemented:
            self.init(
                code: named ?? "uplink.refused", message: "The controller at \(address) refuses this agent: \(said)",
                remedy: named.flatMap(Self.remedy) ?? "The controller's log says more.", isRefusal: true)
        case .resourceExhausted:
            self.init(code: named ?? "uplink.busy", message: "The controller at \(address) is busy: \(said)")
        default:
            self = .unreachable(address, said.isEmpty ? "the connection ended" : said.withoutFullStop)
        }
    }

    private static func remedy(for code: String) -> String? {
        switch code {
        case "host.revoked", "host.unknown": "Enrol this host again with a new token and --force."
        case "host.clone", "host.cloned":
            "If this machine was cloned, run `systemd-machine-id-setup` after removing /etc/machine-id, then enrol it with --force."
        default: nil
        }
    }
}

extension String {
    /// Without control characters, which could drive a terminal, and cut to so many characters.
    func printable(limit: Int) -> String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    fileprivate var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
