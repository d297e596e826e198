import ControllerAPI
import ControllerCases
import ControllerFleet
import ControllerStore
import CordonModel
import CordonOrders
import CordonScan
import CordonTrust
import FoundationEssentials
import HTTPTypes
import HummingbirdTesting
import Synchronization
import Testing

extension WebFixture {
    /// Evidence with these bytes, as it is kept when it has come.
    func evidence(_ bytes: [UInt8], name: String = "miner", case file: CaseID? = nil) async throws -> EvidenceRecord {
        let digest = Fingerprint(of: bytes)
        let kept = EvidenceRecord(
            order: services.surroundings.identifier(), host: Self.web1.id, caseID: file, kind: .collectFile, name: name,
            sha256: digest.bytes, size: Int64(bytes.count), receivedAt: Self.start)
        let place = "\(folder)/evidence/\("\(digest)".prefix(2))"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: "\(place)/\(digest)"))
        try await store.add(
            kept,
            recording: AuditEntry(at: Self.start, actor: "test", verb: "evidence.kept", subject: "order:\(kept.order)"))
        return kept
    }
}

@Suite("Evidence, to people")
struct EvidenceRouteTests {
    @Test("who has the role gets the bytes as a file to save, and stands in the audit chain")
    func bytes() async throws {
        let fixture = try await APIFixture()
        let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        let kept = try await fixture.web.evidence(bytes, name: "a\"b\\c\u{e9}\r\n.sh", case: fixture.file.id)
        try await fixture.test(as: .responder) { caller in
            let answer = try await caller.send(.get, "\(APIFixture.root)/evidence/\(kept.order)/content", nil)
            #expect(answer.status == .ok && answer.bytes == bytes)
            #expect(answer.headers[.contentDisposition] == "attachment; filename=\"a_b_c___.sh\"")
            #expect(answer.headers[.contentType] == "application/octet-stream")
            #expect(answer.headers[.contentLength] == "600000")
            let listed = try await caller.send(.get, "\(APIFixture.root)/evidence?case=C-1", nil)
            #expect(listed.json["items"]?.array?.map { $0["order"]?.text } == ["\(kept.order)"])
            let others = try await caller.send(.get, "\(APIFixture.root)/evidence?host=\(WebFixture.db1.id)", nil)
            #expect(others.json["items"]?.array?.isEmpty == true)
        }
        let chain = try #require(fixture.services.audit as? Chain)
        let added = chain.added.entries.withLock { $0 }
        #expect(added.map(\.verb) == ["evidence.read"] && added.map(\.actor) == ["responder"])
        #expect(added.first?.subject == "order:\(kept.order)")
    }

    @Test("an analyst sees what there is, and gets no bytes; bytes that are not there are a fault, not an empty file")
    func roles() async throws {
        let fixture = try await APIFixture()
        let kept = try await fixture.web.evidence([1, 2, 3])
        try await fixture.test(as: .analyst) { caller in
            let shown = try await caller.send(.get, "\(APIFixture.root)/evidence/\(kept.order)", nil)
            #expect(shown.json["size"]?.integer == 3)
            let refused = try await caller.send(.get, "\(APIFixture.root)/evidence/\(kept.order)/content", nil)
            #expect(refused.status == .forbidden)
        }
        let sum = HexDigit.text(kept.sha256)
        try FileManager.default.removeItem(atPath: "\(fixture.web.folder)/evidence/\(sum.prefix(2))/\(sum)")
        try await fixture.test(as: .responder) { caller in
            let answer = try await caller.send(.get, "\(APIFixture.root)/evidence/\(kept.order)/content", nil)
            #expect(answer.status == .serviceUnavailable && answer.code == "evidence.damaged")
            let unknown = try await caller.send(.get, "\(APIFixture.root)/evidence/\(fixture.file.id)/content", nil)
            #expect(unknown.status == .notFound && unknown.code == "evidence.unknown")
        }
    }

    @Test("a host's page orders a file to be collected, and refuses what is no path; and a triage")
    func form() async throws {
        let fixture = try await WebFixture()
        try await fixture.application.test(.router) { client in
            let visitor = WebVisitor(client)
            try await visitor.signIn()
            let path = "/hosts/\(WebFixture.web1.id)"
            let page = try await visitor.get(path)
            let token = try #require(page.field("form_token", ofForm: "\(path)/orders"))
            func ask(_ file: String) async throws -> HTTPResponse.Status {
                let order = "\(fixture.services.surroundings.identifier(of: OrderID.self))"
                let fields = [
                    "form_token": token, "order": order, "action": "collect_file", "path": file, "reason": "x",
                ]
                return try await visitor.post("\(path)/orders", fields).status
            }
            #expect(page.html.contains("id=\"form-collect\""))
            #expect(try await ask("tmp/x") != .seeOther)
            #expect(try await ask("/tmp/x") == .seeOther)
            let made = try await fixture.services.fleet.orders(OrderFilter()).map(\.order.action)
            #expect(made == [.collectFile(FileCollection(path: "/tmp/x"))])
            let triage = [
                "form_token": token, "order": "\(fixture.services.surroundings.identifier(of: OrderID.self))",
                "action": "triage", "reason": "x",
            ]
            #expect(page.html.contains("id=\"form-triage\""))
            let answer = try await visitor.post("\(path)/orders", triage)
            #expect(answer.status == .seeOther)
            let both = try await fixture.services.fleet.orders(OrderFilter()).map(\.order.action)
            #expect(both.count == 2 && both.contains(.triage(Triage())))
        }
    }

    @Test("a case's page lists its evidence, with a link for those who may have the bytes")
    func page() async throws {
        let fixture = try await WebFixture()
        let file = try await fixture.raise("Odd file on web-1")
        let kept = try await fixture.evidence([1, 2, 3], name: "<b>miner", case: file.id)
        try await fixture.application.test(.router) { client in
            for (role, sees) in [("viewer", false), ("responder", true)] {
                let visitor = WebVisitor(client)
                _ = try await visitor.signIn(role)
                let page = try await visitor.get("/cases/\(file.label)")
                #expect(page.html.contains("&lt;b&gt;miner"))
                #expect(page.html.contains("/api/v1/evidence/\(kept.order)/content") == sees)
            }
        }
    }
}
