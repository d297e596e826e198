import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import CordonModel
import CordonOrders
import Testing

extension APIFixture {
    /// An order for a host that is offline: it waits.
    func order(_ action: Action = .release) async throws -> OrderRecord {
        let request = OrderRequest(
            id: services.surroundings.identifier(), agent: WebFixture.web1.id, action: action, reason: "done",
            caseID: file.id
        )
        return try await services.fleet.submit(request, by: Principal(name: "responder", role: .responder))
    }

    /// The playbook that asks.
    func playbook() async throws -> PlaybookLibrary.Entry {
        try #require(try await services.library.list().first { !$0.isBuiltIn })
    }
}
