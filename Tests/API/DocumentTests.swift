import ControllerAPI
import ControllerAccess
import ControllerCases
import ControllerFleet
import ControllerIntake
import ControllerPlaybooks
import CordonModel
import CordonScan
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

/// The OpenAPI document against what the routes really do.
@Suite("The OpenAPI document")
struct DocumentTests {
    @Test("each route answers with the status and the schema that the document says", arguments: API.routes.map(\.name))
    func answers(name: String) async throws {
        let route = try #require(API.routes.first { $0.name == name })
        guard name != "watchChanges" else { return }  // Endless: ChangeRouteTests reads it.
        let fixture = try await APIFixture()
        let sample = try #require(try await Sample.of(route, in: fixture), "no sample call for \(name): add one")
        try await fixture.test(as: .administrator) { caller in
            let answer = try await caller.send(route, sample)
            #expect(answer.status == route.status, "\(answer.text)")
            switch route.answer {
            case .empty: #expect(answer.bytes.isEmpty)
            case .media(let type): #expect(answer.headers[.contentType] == type)
            case .json(let schema):
                #expect(answer.headers[.contentType] == "application/json")
                #expect(
                    schema.faults(in: answer.json).map { "\($0.pointer) \($0.message)" } == [],
                    "\(answer.text.prefix(2000))")
            }
        }
    }

    @Test("nobody unknown, and nobody of a lesser role, gets past a route's role", arguments: API.routes.map(\.name))
    func roles(name: String) async throws {
        let route = try #require(API.routes.first { $0.name == name })
        guard case .role(let needed) = route.admission else { return }
        let fixture = try await APIFixture()
        let sample = try await Sample.of(route, in: fixture)
        try await fixture.test { caller in
            let answer = try await caller.send(route, sample)
            #expect(answer.status == .unauthorized)
            #expect(answer.code == "access.not_signed_in")
            #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"cordon\"")
        }
        for role in Role.allCases where role < needed {
            try await fixture.test(as: role) { caller in
                let answer = try await caller.send(route, sample)
                #expect(answer.status == .forbidden, "\(role)")
                #expect(answer.code == "access.role")
            }
        }
        guard needed != .viewer else { return }
        // The task itself asks for more than the route does.
        try await fixture.test(as: name == "decideTask" ? fixture.task.role : needed) { caller in
            let answer = try await caller.send(route, sample)
            #expect(answer.status == route.status, "\(answer.text)")
        }
    }

    @Test("the router has exactly the document's operations")
    func nothingElse() async throws {
        let fixture = try await APIFixture()
        let routed = Set(API.router(fixture.services).routes.map { "\($0.method) \($0.path)" })
        let documented = API.routes.map { "\($0.method) \($0.path)" }
        #expect(routed == Set(documented))
        #expect(documented.count == Set(documented).count, "no operation is declared twice")
        let document = OpenAPI.document(of: API.routes)
        let paths = try #require(document["paths"]?.object)
        let operations = paths.flatMap { path, item in (item.object?.keys ?? []).map { "\($0.uppercased()) \(path)" } }
        #expect(Set(operations) == Set(documented))
        #expect(Set(API.routes.map(\.name)).count == API.routes.count, "operation identifiers are unique")
    }

    @Test("every reference in the document leads somewhere")
    func references() throws {
        let document = OpenAPI.document(of: API.routes)
        func check(_ value: JSONValue) {
            if let target = value["$ref"]?.text {
                #expect(JSONPointer(target.dropFirst()).flatMap { document[pointer: $0] } != nil, "\(target)")
            }
            for element in value.array ?? [] { check(element) }
            for (_, member) in value.object ?? JSONObject() { check(member) }
        }
        check(document)
    }

    @Test(
        "an independent validator takes it as OpenAPI 3.1",
        .enabled(if: OpenAPIValidator.isInstalled, "python3 has no openapi-spec-validator here"))
    func validator() throws {
        let path = FileManager.default.temporaryDirectory.path + "/openapi-\(UInt64.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(OpenAPI.document(of: API.routes).bytes()).write(to: URL(filePath: path))
        let outcome = try Program.run("/usr/bin/env", ["python3", "-m", "openapi_spec_validator", path])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }
}

enum OpenAPIValidator {
    static let isInstalled =
        (try? Program.run("/usr/bin/env", ["python3", "-c", "import openapi_spec_validator"]).status) == 0
}
