import CordonModel
import Testing

@Suite("An event's fields")
struct EventFieldsTests {
    @Test("a field is set, replaced in place, and taken away")
    func subscripts() {
        var fields: EventFields = [.userName: .text("a"), .processPID: .number(1), .userName: .text("b")]
        #expect(fields.count == 2 && fields[.userName] == .text("b"))
        fields[.processPID] = .number(2)
        #expect(fields.map(\.key) == [.userName, .processPID])
        fields[.userName] = nil
        fields[.tags] = nil
        #expect(fields[.userName] == nil && fields.count == 1)
    }

    @Test("a name leads to the field of the subset, or to one beside it")
    func names() {
        var fields = EventFields()
        fields[named: "user.name"] = .text("root")
        fields[named: "acme.thing"] = .number(1)
        fields[named: "acme.thing"] = .number(2)
        #expect(fields[.userName] == .text("root") && fields[named: "user.name"] == .text("root"))
        #expect(fields[named: "acme.thing"] == .number(2) && fields.others.count == 1 && fields.count == 2)
        #expect(fields.named.map(\.name) == ["user.name", "acme.thing"])
        fields[named: "acme.thing"] = nil
        #expect(fields.others.isEmpty && !fields.isEmpty)
    }

    @Test("equal whatever the order, and unequal by one value")
    func equality() {
        var one: EventFields = [.userName: .text("a"), .processPID: .number(1)]
        var two: EventFields = [.processPID: .number(1), .userName: .text("a")]
        (one[named: "x"], one[named: "y"]) = (.flag(true), .flag(false))
        (two[named: "y"], two[named: "x"]) = (.flag(false), .flag(true))
        #expect(one == two && one.hashValue == two.hashValue)
        two[named: "x"] = .flag(false)
        #expect(one != two)
        two = one
        two[.tags] = .texts([])
        #expect(one != two)
    }

    @Test("a field accepts values of its own kind alone")
    func kinds() {
        #expect(ECSField.userName.accepts(.text("")) && !ECSField.userName.accepts(.texts([""])))
        #expect(ECSField.sourcePort.accepts(.number(1)) && !ECSField.sourcePort.accepts(.text("1")))
        #expect(ECSField.sourceIP.accepts(.text("::1")) && !ECSField.sourceIP.accepts(.text("localhost")))
        #expect(
            ECSField.fileModified.accepts(.text("2026-01-02T03:04:05Z")) && !ECSField.fileModified.accepts(.text("now"))
        )
        #expect(ECSField.tags.accepts(.texts(["a"])) && !ECSField.tags.accepts(.text("a")))
        #expect(ECSField.dnsResolvedIP.accepts(.texts(["::1"])) && !ECSField.dnsResolvedIP.accepts(.texts(["x"])))
    }
}
