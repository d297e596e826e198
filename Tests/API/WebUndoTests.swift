import ControllerAPI
import ControllerFleet
import CordonModel
import CordonOrders
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@Suite("Undoing on a host's page")
struct WebUndoTests {
    @Test("a form that the host's own words made undoes neither another host's order nor one of another kind")
    func names() async throws {
        let fixture = try await WebFixture()
        let fleet = fixture.services.fleet
        func submit(_ action: Action, _ host: WebFixture.HostName) async throws -> OrderID {
            let request = OrderRequest(
                id: fixture.services.surroundings.identifier(), agent: host.id, action: action, reason: "x")
            return try await fleet.submit(request, by: .system).id
        }
        let isolation = Action.isolate(Isolation(duration: .seconds(600)))
        let file = try await submit(.quarantineFile(FileTarget(path: "/tmp/x")), WebFixture.web1)
        let own = try await submit(isolation, WebFixture.web1)
        let others = try await submit(isolation, WebFixture.db1)
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let token = try #require(try await visitor.get("/").field("form_token", ofForm: "/sign-out"))
            let path = "/hosts/\(WebFixture.web1.id)"
            func undo(_ undone: OrderID, _ kind: ActionKind) async throws -> HTTPResponse.Status {
                let order = "\(fixture.services.surroundings.identifier(of: OrderID.self))"
                let fields = [
                    "form_token": token, "order": order, "undone": "\(undone)", "did": kind.rawValue, "reason": "x",
                ]
                return try await visitor.post("\(path)/orders", fields).status
            }
            #expect(try await undo(others, .isolate) == .badRequest)
            #expect(try await undo(own, .freezeProcess) == .badRequest)
            #expect(try await fleet.orders(OrderFilter()).count == 3)
            #expect(try await undo(file, .quarantineFile) == .seeOther)
            let undoing = try await fleet.orders(OrderFilter(agent: WebFixture.web1.id)).map(\.order.action)
            #expect(undoing.contains(.restoreFile(file)))
        }
    }
}
