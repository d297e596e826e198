import CordonModel
import CordonOrders
import CordonWire
import SwiftProtobuf

/// Messages of the contract and their mapping to the model.
extension FuzzEntry {
    static let wire: [FuzzEntry] = [
        FuzzEntry(name: "wire-item", made: [try Telemetry.event(sample).serialized()]) { bytes in
            guard let telemetry = try? Telemetry.read(item: bytes, from: agent) else { return }
            let again = try Telemetry.read(item: telemetry.serialized(), from: agent)
            try same(again, telemetry, "an item is read as it was written")
            guard case .event(let event) = telemetry else { return }
            let message = try Cordon_V1_Event(serializedBytes: event.wireBytes)
            try same(message, Cordon_V1_Event(event), "an event is written as the library would")
            try same(message.model(), event, "the library reads an event as we do")
        },
        FuzzEntry(name: "wire-order", made: try orderSeeds()) { bytes in
            guard let message = try? Cordon_V1_Order(serializedBytes: bytes), let order = try? message.model() else {
                return
            }
            let again = try Cordon_V1_Order(serializedBytes: Cordon_V1_Order(order).serializedBytes() as [UInt8])
            try same(again.model(), order, "an order is read as it was written")
        },
        FuzzEntry(
            name: "address-list",
            made: [AddressList("10.0.0.0/8 192.0.2.7 2001:db8::/32 2001:db9::1")].compactMap { $0?.bytes }
        ) { bytes in
            guard let list = AddressList(bytes: bytes) else { return }
            try same(list.bytes, bytes, "a list has one form")
            try same(AddressList(list.networks)?.bytes, bytes, "a list is made of what it holds")
            try same(AddressList(list.text), list, "a list is read as it was written")
        },
        FuzzEntry(name: "wire-release", made: [try release.serialized()]) { bytes in
            guard let read = try? Release(serialized: bytes) else { return }
            try same(try Release(serialized: read.serialized()), read, "a release is read as it was written")
            try same(read.fault, nil, "a release that is read is within its limits")
        },
        FuzzEntry(name: "wire-agent") { bytes in
            guard let message = try? Cordon_V1_AgentMessage(serializedBytes: bytes) else { return }
            switch message.message {
            case .result(let result):
                guard let model = try? result.model() else { return }
                try same(Cordon_V1_OrderResult(model).model(), model, "a result is read as it was written")
            case .facts(let facts):
                let model = facts.model()
                try same(Cordon_V1_Facts(model).model(), model, "facts are read as they were written")
            case .health(let health):
                var facts: HostFacts? = Cordon_V1_Facts().model()
                health.add(to: &facts)
            case .hunt(let answer): _ = (answer.id, answer.state)
            default: break
            }
        },
        FuzzEntry(name: "wire-controller") { bytes in
            guard let question = try? Cordon_V1_HuntQuestion(serializedBytes: bytes) else { return }
            _ = (question.id, question.budget)
            guard let model = question.question else { return }
            let again = Cordon_V1_HuntQuestion(
                model, of: HuntID(agent.uuid), budget: question.budget, expiresAt: now)
            try same(again.question, model, "a question is read as it was written")
        },
    ]

    static let release = Release(
        fleet: "acme.example", version: "1:0.2.0~rc1-1", architecture: "amd64", createdAt: now,
        expiresAt: now + .seconds(60),
        files: [.init(package: "cordon-agent", size: 12, sha256: [UInt8](repeating: 7, count: 32))])

    static func orderSeeds() throws -> [[UInt8]] { try orders.map { try $0.serializedBytes() } }

    /// One of each action.
    static let orders: [Cordon_V1_Order] = {
        let network = Network(IPAddress.v4(0xC000_0201))
        let actions: [Action] = [
            .isolate(Isolation(duration: .seconds(3600))), .release,
            .blockAddress(AddressBlock(network: network, duration: .seconds(1))), .unblockAddress(network),
            .blockAddress(
                AddressBlock(
                    network: network, duration: .seconds(1), ports: PortRange.list("tcp/22,udp/53-60") ?? [],
                    direction: .inward)),
            .killProcess(ProcessTarget(pid: 4242, startTime: 7, executable: "/tmp/x", scope: .tree)),
        ]
        return actions.map { action in
            Cordon_V1_Order(
                Order(
                    id: OrderID(agent.uuid), fleet: "acme.example", agent: agent, action: action, issuedAt: now,
                    expiresAt: now + .seconds(60), caseID: CaseID(agent.uuid), requestedBy: "ana", reason: "because"))
        }
    }()
}
