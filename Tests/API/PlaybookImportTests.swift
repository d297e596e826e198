import ControllerAPI
import ControllerPlaybooks
import CordonModel
import CordonScan
import HTTPTypes
import Synchronization
import Testing

@Suite("Importing a playbook")
struct PlaybookImportTests {
    @Test("takes an administrator, and stands in the audit chain with what was imported")
    func isRecorded() async throws {
        let fixture = try await APIFixture()
        let chain = try #require(fixture.services.audit as? Chain)
        let entry = try #require(PlaybookLibrary.builtIn.first)
        let document = try JSONValue.parse(entry.bytes)

        try await fixture.test(as: .responder) { caller in
            let answer = try await caller.send(.put, "playbooks/\(entry.id)", document)
            #expect(answer.status == .forbidden)
        }
        let before = chain.added.entries.withLock { $0 }
        #expect(before.isEmpty)

        try await fixture.test(as: .administrator) { caller in
            let answer = try await caller.send(.put, "playbooks/\(entry.id)", document)
            #expect(answer.status == .ok)
        }
        let added = chain.added.entries.withLock { $0 }
        #expect(added.map(\.verb) == ["playbook.imported"])
        #expect(added.first?.subject == "playbook:\(entry.id)")
        #expect(added.first?.details["sha256"]?.utf8.count == 64)
    }
}
