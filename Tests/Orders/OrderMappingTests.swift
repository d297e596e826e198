import CordonModel
import CordonOrders
import CordonWire
import FoundationEssentials
import SwiftProtobuf
import Testing

@Suite("Orders on the wire")
struct OrderMappingTests {
    @Test("every action comes back as it went", arguments: Samples.actions)
    func actions(_ action: Action) throws {
        var order = Samples.order
        order.action = action
        let bytes: [UInt8] = try Cordon_V1_Order(order).serializedBytes()
        #expect(try Cordon_V1_Order(serializedBytes: bytes).model() == order)
    }

    @Test("there is a sample of every kind of action")
    func samples() { #expect(Set(Samples.actions.map(\.kind)) == Set(ActionKind.allCases)) }

    @Test("an order without a case has none afterwards")
    func withoutCase() throws {
        var order = Samples.order
        order.caseID = nil
        #expect(try Cordon_V1_Order(order).model() == order)
    }

    @Test("a malformed order is refused with the reason", arguments: Samples.brokenOrders)
    func malformed(_ broken: Samples.Broken) throws {
        var message = Cordon_V1_Order(Samples.order)
        broken.change(&message)
        let error = #expect(throws: WireError.self) { try message.model() }
        #expect(error?.code == "wire.malformed")
        #expect(error?.message.contains(broken.reason) == true, "\(error?.message ?? "")")
    }

    @Test(
        "fields that a later version adds to an order do not stop this one, a parameter or an action that it adds does")
    func laterVersions() throws {
        // Field 100, a varint.
        let unknownField: [UInt8] = [0xA0, 0x06, 0x01]
        let bytes: [UInt8] = try Cordon_V1_Order(Samples.order).serializedBytes()
        #expect(try Cordon_V1_Order(serializedBytes: bytes + unknownField).model() == Samples.order)
        var message = Cordon_V1_Order(Samples.order)
        message.action.parameters["gently"] = Cordon_V1_Value(.flag(true))
        #expect(throws: WireError.self) { try message.model() }
        message.action.kind = "defenestrate"
        #expect(throws: WireError.self) { try message.model() }
    }
}
