internal import CordonModel
internal import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf
internal import Testing

@Suite("Telemetry on the wire")
struct TelemetryMappingTests {
    @Test("every kind of item comes back as it went into the spool", arguments: Samples.telemetry)
    func items(_ telemetry: Telemetry) throws {
        #expect(try Telemetry.read(item: try telemetry.serialized(), from: AgentID(Samples.id)) == telemetry)
    }

    @Test("every field of ECS that we know has its name on the wire", arguments: ECSField.allCases)
    func fields(_ field: ECSField) {
        let event = Event(timestamp: Samples.now, created: Samples.now, original: "", fields: [field: .text("v")])
        let message = Cordon_V1_Event(event)
        #expect(message.fields[field.rawValue]?.text == "v")
        #expect(message.model() == event)
    }

    @Test("fields of a newer agent are kept by name, both ways")
    func unknownFields() {
        var event = Event(timestamp: Samples.now, created: Samples.now, original: "")
        event.fields[named: "quantum.state"] = .texts(["a", "b"])
        event.fields[named: "auditd.data.a0"] = .text("55c0")
        event.fields[named: "user.name"] = .text("root")
        let back = Cordon_V1_Event(event).model()
        #expect(back == event)
        #expect(back.fields.others.count == 2 && back.text(.userName) == "root")
    }

    @Test("of too many unknown fields the first by name are kept, and names that are none are left out")
    func unknownLimits() {
        var message = Cordon_V1_Event()
        for number in 1000..<3000 { message.fields["x.\(number)", default: Cordon_V1_Value()].number = 1 }
        for name in ["", "a b", "é", "\u{1B}[31m", String(repeating: "n", count: 129)] {
            message.fields[name, default: Cordon_V1_Value()].number = 1
        }
        message.fields["user.name", default: Cordon_V1_Value()].text = "root"
        let event = message.model()
        #expect(event.fields.count == WireLimits.fields && event.text(.userName) == "root")
        #expect(event.fields.others.map(\.name) == (1000..<1255).map { "x.\($0)" })
        #expect(Cordon_V1_Event(event).fields.count == WireLimits.fields)
    }

    @Test("values without a kind are left out")
    func strangeFields() {
        var message = Cordon_V1_Event()
        message.fields["quantum.state"] = Cordon_V1_Value()
        message.fields["message"] = Cordon_V1_Value()
        message.fields["user.name", default: Cordon_V1_Value()].text = "root"
        #expect(message.model().fields == [.userName: .text("root")])
    }

    @Test("texts and lists beyond their limits are cut")
    func limits() {
        var message = Cordon_V1_Event()
        message.original = String(repeating: "a", count: 100_000)
        message.fields["message", default: Cordon_V1_Value()].text = String(repeating: "b", count: 100_000)
        message.fields["tags", default: Cordon_V1_Value()].texts.items = Array(repeating: "c", count: 1000)
        message.timestampUs = .min
        let event = message.model()
        #expect(event.original.utf8.count == WireLimits.original)
        #expect(event.text(.message)?.utf8.count == WireLimits.fieldText)
        #expect(event.fields[.tags] == .texts(Array(repeating: "c", count: WireLimits.fieldTexts)))
        #expect(event.timestamp.description == "0000-01-01T00:00:00.000Z")
    }

    @Test("an alert's lists and texts are cut to the model's limits on both sides")
    func alertLimits() throws {
        var alert = Samples.alert
        alert.title = String(repeating: "t", count: 2000)
        alert.evidence = Array(repeating: Samples.event, count: 50)
        alert.observables = Array(repeating: Observable(kind: .user, value: "u"), count: 500)
        let message = Cordon_V1_Alert(alert)
        #expect(
            message.evidence.count == Alert.Limits.evidence && message.observables.count == Alert.Limits.observables)
        let back = try message.model(from: AgentID(Samples.id))
        #expect(back.title.utf8.count == Alert.Limits.title && back.evidence.count == Alert.Limits.evidence)
    }

    @Test("an alert that lacks what makes it one is refused with the reason", arguments: Samples.brokenAlerts)
    func malformed(_ broken: Samples.BrokenAlert) {
        var message = Cordon_V1_Alert(Samples.alert)
        broken.change(&message)
        let error = #expect(throws: WireError.self) { try message.model(from: AgentID(Samples.id)) }
        #expect(error?.message.contains(broken.reason) == true, "\(error?.message ?? "")")
    }

    @Test("observables of an unknown kind, and addresses that are none, are left out; the family is corrected")
    func observables() throws {
        var message = Cordon_V1_Alert(Samples.alert)
        message.observables = [
            ("mutex", "m"), ("ipv4-addr", "999.1.1.1"), ("ipv4-addr", "2001:DB8::1"), ("user-account", "root"),
        ].map {
            var observable = Cordon_V1_Observable()
            (observable.kind, observable.value) = $0
            return observable
        }
        let back = try message.model(from: AgentID(Samples.id))
        #expect(
            back.observables == [Observable(kind: .ipv6, value: "2001:db8::1"), Observable(kind: .user, value: "root")])
    }

    @Test("the agent of an alert is the connection's, whatever the alert says")
    func sender() throws {
        let other = try #require(AgentID("018f2c5e-7a3b-7c4d-8e5f-ffffffffffff"))
        #expect(try Cordon_V1_Alert(Samples.alert).model(from: other).agent == other)
    }

    @Test("a batch holds what lay in the spool, byte for byte; one item that cannot be read spoils no other")
    func spoiled() throws {
        let items = [try Samples.telemetry[0].serialized(), [0xFF, 0xFF], [], [0x0A, 0x7F]]
        let batch = Cordon_V1_Batch(epoch: Array(repeating: 7, count: 16), firstSequence: 40, spooled: items)
        #expect(batch.items.map { [UInt8]($0) } == items && batch.firstSequence == 40 && batch.epoch.count == 16)
        let agent = AgentID(Samples.id)
        #expect(try Telemetry.read(item: items[0], from: agent) == Samples.telemetry[0])
        #expect(throws: WireError.self) { try Telemetry.read(item: items[1], from: agent) }
        #expect(try Telemetry.read(item: items[2], from: agent) == nil)
        #expect(throws: WireError.self) { try Telemetry.read(item: items[3], from: agent) }
    }
}
