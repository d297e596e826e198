internal import ControllerAPI
internal import ControllerFleet
internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import Hummingbird

/// Signing orders with passkeys, and making passkeys. Whose count is not for the controller to say: it hands a signature on
/// to the host, and shows the line of a new passkey to the person who made it.
extension Console {
    func addSigning(to pages: RouterGroup<RequestScope>) {
        pages.get("passkeys") { request, scope in try await showPasskeys(request, scope) }
        pages.get("orders/{id}/sign") { request, scope in try await showSigning(request, scope) }
        pages.post("orders/{id}/sign") { request, scope in try await sign(request, scope) }
    }

    private func showPasskeys(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let approvers = services.fleet.approvers
        return answer(
            PasskeysPage(
                frame: frame("Passkeys", nil, reader, waiting: try await waiting().count, request),
                passkeys: SigningPage.entries(approvers),
                people: approvers.map { PasskeysPage.ApproverLine($0, now: reader.now) }))
    }

    private func order(_ scope: RequestScope) async throws -> OrderRecord {
        guard let id = scope.parameters.get("id").flatMap({ OrderID($0) }) else { throw Problem.noSuchPage }
        guard let record = try await services.fleet.order(id) else { throw FleetError.unknownOrder(id) }
        return record
    }

    private func showSigning(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let reader = try reader(request, scope)
        let record = try await order(scope)
        let host = try await services.fleet.host(record.order.agent)
        return answer(
            SigningPage(
                record, hostName: host?.name, approvers: services.fleet.approvers,
                frame: frame("Sign an order", nil, reader, waiting: try await waiting().count, request), for: reader))
    }

    private func sign(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (reader, form) = try await sender(request, scope, needs: .responder)
        let record = try await order(scope)
        func bytes(_ field: String) throws(Problem) -> [UInt8] {
            guard let text = form[field], !text.isEmpty, let bytes = Base64URL.bytes(text) else {
                throw Problem.formField(field, "The browser's form brought no signature of a passkey.")
            }
            return bytes
        }
        let assertion = Assertion(
            credentialID: try bytes("credential"), authenticatorData: try bytes("authenticator_data"),
            clientData: try bytes("client_data"))
        let signature = try bytes("signature")
        let passkeys = services.fleet.approvers.compactMap(\.passkey)
        guard let passkey = passkeys.first(where: { $0.credentialID == assertion.credentialID }) else {
            throw FleetError.unknownApprover
        }
        let approval = Approval(keyID: passkey.id, signature: signature, assertion: assertion)
        _ = try await services.fleet.approve(record.id, with: approval, by: reader.principal)
        return .redirect(to: LocalPath("/").saying("signed"), type: .normal)
    }
}
