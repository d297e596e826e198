package import CordonModel
internal import Glibc

/// What the fleet refuses, and why.
package struct FleetError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    package init(code: String, message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}

extension FleetError {
    /// No host has this identifier.
    package static func unknownHost(_ id: AgentID) -> FleetError {
        FleetError(
            code: "host.unknown", message: "No host \(id) is enrolled.", remedy: "`cordon hosts` lists those that are.")
    }

    /// The host may not be given orders any more.
    package static func revokedHost(_ id: AgentID) -> FleetError {
        FleetError(
            code: "host.revoked", message: "Host \(id) was revoked and takes no orders.",
            remedy: "Enrol the host again with a new token.")
    }

    /// No order has this identifier.
    package static func unknownOrder(_ id: OrderID) -> FleetError {
        FleetError(
            code: "order.unknown", message: "There is no order \(id).", remedy: "`cordon orders` lists those there are."
        )
    }

    /// No standing order has this identifier.
    static func unknownStanding(_ id: StandingID) -> FleetError {
        FleetError(
            code: "standing.unknown", message: "There is no standing order \(id).",
            remedy: "`cordon standing list` lists those there are.")
    }

    /// An identifier was used again for something else.
    package static func orderConflict(_ id: OrderID) -> FleetError {
        FleetError(
            code: "order.conflict", message: "Order \(id) exists already and asks for something else.",
            remedy: "Give each order an identifier of its own.")
    }

    /// What was ordered cannot be undone.
    static func noUndo(_ kind: ActionKind) -> FleetError {
        FleetError(code: "order.no_undo", message: "What \(kind.rawValue) did cannot be undone by an order.")
    }

    /// What was ordered is not in force: an undo would end what other orders brought about.
    static func nothingToUndo(_ id: OrderID, _ why: String) -> FleetError {
        FleetError(
            code: "order.no_undo", message: "Order \(id) has nothing to undo: \(why).",
            remedy: "`cordon host show` says what is in force, and by which order.")
    }

    /// The order waits for nobody's approval.
    package static func notWaiting(_ id: OrderID, _ state: OrderState) -> FleetError {
        FleetError(
            code: "order.not_waiting", message: "Order \(id) is \(state.rawValue) and waits for nobody's approval.",
            remedy: "`cordon orders --waiting` lists those that do.")
    }

    /// Hosts would not believe the key.
    package static let unknownApprover = FleetError(
        code: "approval.unknown",
        message: "The policy root did not list that key as an approver's, or it has expired: hosts would not count it.",
        remedy: "List it with `cordon key approvers`, and put the new set of keys into the controller's data folder.")

    /// The signature is not one over this order.
    package static func badApproval(_ person: String, _ why: String) -> FleetError {
        FleetError(
            code: "approval.invalid", message: "That is not \(person)'s approval of this order: \(why).",
            remedy: "Sign it with `cordon approve ORDER --key FILE`, or with a passkey on the order's page.")
    }

    /// The state machine does not allow the step.
    package static func staleOrder(_ id: OrderID, _ from: OrderState, _ next: OrderState) -> FleetError {
        FleetError(code: "order.stale", message: "Order \(id) is \(from.rawValue) and cannot become \(next.rawValue).")
    }

    /// The order's lifetime or parameters are outside what is allowed.
    package static func invalidOrder(_ why: String) -> FleetError {
        FleetError(code: "order.invalid", message: why)
    }
}

extension FleetError {
    /// The listener could not be opened.
    static func cannotListen(_ address: Endpoint, errno code: Int32) -> FleetError {
        switch code {
        case EADDRINUSE:
            FleetError(
                code: "link.port_in_use", message: "Another program listens on \(address) already.",
                remedy: "Stop it, or set another address for the agents' link.")
        case EACCES:
            FleetError(
                code: "link.port_forbidden", message: "This user may not listen on \(address).",
                remedy: "Choose a port above 1023, or give the service CAP_NET_BIND_SERVICE.")
        case EADDRNOTAVAIL:
            FleetError(
                code: "link.no_such_address", message: "This machine does not have the address of \(address).",
                remedy: "Set an address that it has, or 0.0.0.0 or :: for all.")
        default:
            FleetError(
                code: "link.cannot_listen",
                message: "\(address) could not be opened: \(unsafe String(cString: strerror(code))).")
        }
    }

    /// The controller's certificate files do not hold what TLS needs.
    static func badListenerCertificate(_ certificate: String, _ key: String) -> FleetError {
        FleetError(
            code: "link.bad_certificate",
            message: "\(certificate) and \(key) are not a PEM certificate chain and its key.",
            remedy: "Restore both from their backup.")
    }
}
