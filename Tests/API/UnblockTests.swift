import ControllerAPI
import ControllerFleet
import CordonModel
import CordonOrders
import CordonScan
import HTTPTypes
import Testing

@Suite("What blocks an address")
struct UnblockTests {
    private static let (list, ports): (OrderID, OrderID) = (WebFixture.id(0x81), WebFixture.id(0x82))
    private static let until = WebFixture.start + .seconds(3600)

    /// web-1 with an address, the network around it, a list that has it, and a block by ports.
    private func fixture() async throws -> APIFixture {
        let address = try #require(Network("203.0.113.7"))
        let network = try #require(Network("203.0.113.0/24"))
        let other = try #require(Network("198.51.100.7"))
        let over = WebFixture.start - .seconds(1)
        let state = ContainmentState(
            blocks: [
                .init(network: address, until: Self.until), .init(network: network, until: Self.until),
                .init(network: other, until: Self.until),
                .init(network: try #require(Network("203.0.0.0/16")), until: over),
            ],
            effects: [
                .init(kind: .blockAddresses, subject: "drop", order: Self.list, until: Self.until),
                .init(kind: .blockAddress, subject: "203.0.113.7, to tcp/22", order: Self.ports, until: Self.until),
                .init(kind: .blockAddresses, subject: "made up", order: WebFixture.id(0x83)),
            ])
        let fixture = try await APIFixture(containment: [WebFixture.web1.id: state])
        let listed = try #require(AddressList("192.0.2.0/24 203.0.113.0/28"))
        let day = Duration.seconds(86_400)
        for (id, action) in [
            (Self.list, Action.blockAddresses(AddressListBlock(name: "drop", list: listed, duration: day))),
            (
                Self.ports,
                .blockAddress(AddressBlock(network: address, duration: day, ports: PortRange.list("tcp/22") ?? []))
            ),
        ] {
            let request = OrderRequest(id: id, agent: WebFixture.web1.id, action: action, reason: "x")
            _ = try await fixture.services.fleet.submit(request, by: .system)
        }
        return fixture
    }

    @Test(
        "unblocking an address names each wider network, list and block by ports that still has it, and how to end that"
    )
    func wider() async throws {
        let desk = try Desk()
        try await desk.serve(try await fixture(), as: .responder) { cordon in
            let answer = try await cordon(["unblock", "web-1", "203.0.113.7", "--reason", "false alarm"], "")
            #expect(answer.status == 0, "\(answer.errors)")
            let said = answer.errors.split(separator: "\n").map(String.init)
            let start = "203.0.113.7 stays blocked on web-1: "
            #expect(said.count == 3 && said.allSatisfy { $0.hasPrefix(start) }, "\(answer.errors)")
            let until = "\(Self.until)".prefix(19).replacing("T", with: " ")
            #expect(
                said.contains {
                    $0.contains(": 203.0.113.0/24, until \(until)Z (cordon unblock web-1 203.0.113.0/24 ")
                })
            #expect(
                said.contains { $0.contains("the list drop has 203.0.113.0/28") && $0.contains("undo \(Self.list)") })
            #expect(said.contains { $0.contains(": 203.0.113.7, to tcp/22") && $0.contains("undo \(Self.ports)") })
        }
    }

    @Test("unblocking a network says that a part of it stays blocked; where nothing else blocks it, nothing is said")
    func part() async throws {
        let desk = try Desk()
        try await desk.serve(try await fixture(), as: .responder) { cordon in
            let part = try await cordon(["unblock", "web-1", "203.0.113.0/24", "--reason", "x"], "")
            #expect(part.errors.contains("A part of 203.0.113.0/24 stays blocked on web-1: 203.0.113.7, until"))
            #expect(!part.errors.contains("192.0.2.0") && !part.errors.contains("198.51.100.7"))
            let free = try await cordon(["unblock", "web-1", "198.51.100.7", "--reason", "x", "--json"], "")
            #expect(free.status == 0 && free.errors.isEmpty, "\(free.errors)")
            #expect(try JSONValue.parse(free.output)["action"]?["network"]?.text == "198.51.100.7")
        }
    }

    @Test("where a host names as many blocks as it ever names, there may be more, and the undo is ordered all the same")
    func mayBeMore() async throws {
        let many = (0..<1000).map {
            ContainmentState.Block(network: Network(.v4(0x0A00_0000 + UInt32($0))), until: Self.until)
        }
        let fixture = try await APIFixture(containment: [WebFixture.web1.id: ContainmentState(blocks: many)])
        let desk = try Desk()
        try await desk.serve(fixture, as: .responder) { cordon in
            let answer = try await cordon(["unblock", "web-1", "203.0.113.7", "--reason", "x"], "")
            #expect(answer.status == 0 && answer.errors.contains("There may be more"), "\(answer.errors)")
        }
        let orders = try await fixture.services.fleet.orders(OrderFilter())
        #expect(orders.count == 1)
    }

    @Test("the API says what blocks an address on a host, and only what its own orders say of lists")
    func route() async throws {
        let path = "/api/v1/hosts/\(WebFixture.web1.id)/blocks"
        try await fixture().test(as: .viewer) { caller in
            let all = try await caller.get(path)
            #expect(all.json["items"]?.array?.count == 5 && all.json["is_whole"] == true, "\(all.text)")
            let one = try await caller.get("\(path)?network=192.0.2.1")
            #expect(one.json["items"]?.array?.count == 1)
            #expect(one.json["items"]?[0]?["subject"]?.text == "drop")
            #expect(
                one.json["items"]?[0]?["network"]?.text == "192.0.2.0/24" && one.json["items"]?[0]?["whole"] == true)
            let bad = try await caller.get("\(path)?network=192.0.2.1/8")
            #expect(bad.status.code >= 400)
        }
    }
}
