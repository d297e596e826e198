import CordonModel
import CordonScan
import Testing

@Suite("An event as ECS writes it")
struct EventDocumentTests {
    private let start = Event(
        timestamp: Timestamp(microseconds: 1_790_000_000_123_456), created: Timestamp(seconds: 1_790_000_001),
        original: "a\u{0}\"b")

    @Test("names become nested objects, with the event's own three fields")
    func nested() {
        var event = start
        event.fields = [
            .eventCategory: .texts(["process"]), .processParentPID: .number(7), .processPID: .number(8),
            .message: .text("m"),
        ]
        event.fields[named: "acme.on"] = .flag(true)
        #expect(
            event.document.json(.canonical)
                == #"{"@timestamp":"2026-09-21T14:13:20.123456Z","acme":{"on":true},"event":{"category":["process"],"created":"2026-09-21T14:13:21.000000Z","original":"a\u0000\"b"},"message":"m","process":{"parent":{"pid":7},"pid":8}}"#
        )
    }

    @Test("what cannot be nested stands under its whole name, and nothing is lost")
    func collisions() {
        var event = start
        event.fields[.message] = .text("m")
        event.fields[named: "message.more"] = .number(1)
        event.fields[named: "event.created"] = .text("forged")
        event.fields[named: "a..b"] = .number(2)
        event.fields[named: String(repeating: "x.", count: 40)] = .number(3)
        let document = event.document
        #expect(document["message"] == "m" && document["message.more"] == 1)
        #expect(document["event"]?["created"] == "2026-09-21T14:13:21.000000Z" && document["event.created"] == "forged")
        #expect(document["a"]?[""]?["b"] == 2 && document[String(repeating: "x.", count: 40)] == 3)
    }

    @Test("what was written is read back as the same event, names that could not be nested too")
    func readBack() throws {
        var event = start
        event.fields = [
            .eventCategory: .texts(["process"]), .eventType: .texts([]), .processPID: .number(8), .message: .text("m"),
        ]
        event.fields[named: "acme.on"] = .flag(true)
        event.fields[named: "message.more"] = .number(1)
        event.fields[named: "event.created"] = .text("forged")
        let written = try JSONValue.parse(event.document.bytes())
        #expect(Event(document: try #require(written.object)) == event)
    }

    @Test(
        "an object that is no event of ours is none",
        arguments: [
            "{}", #"{"Image": "/bin/sh"}"#, #"{"@timestamp": "2026-01-01T00:00:00Z", "event": {"original": "a"}}"#,
            #"{"@timestamp": "now", "event": {"created": "2026-01-01T00:00:00Z", "original": "a"}}"#,
            #"{"@timestamp": "2026-01-01T00:00:00Z", "event": {"created": "2026-01-01T00:00:00Z", "original": "a"}, "b": null}"#,
            #"{"@timestamp": "2026-01-01T00:00:00Z", "event": {"created": "2026-01-01T00:00:00Z", "original": "a"}, "b": [1]}"#,
            #"{"@timestamp": "2026-01-01T00:00:00Z", "event": {"created": "2026-01-01T00:00:00Z", "original": "a"}, "b": 1.5}"#,
        ])
    func notOurs(_ line: String) throws {
        #expect(Event(document: try #require(try JSONValue.parse(line).object)) == nil)
    }
}
