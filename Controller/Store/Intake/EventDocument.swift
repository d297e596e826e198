internal import CordonModel

/// An event as a JSON document: `{"at":µs,"created":µs,"original":…,"fields":{ECS name: value}}`.
struct EventDocument: Decodable {
    let event: Event

    /// The document's text; written by hand, for it is written for every line of every host.
    static func text(of event: Event) -> String {
        var text = "{\"at\":\(event.timestamp.microseconds),\"created\":\(event.created.microseconds),\"original\":"
        text += JSONText.quoted(event.original)
        text += ",\"fields\":{"
        var separator = ""
        for (field, value) in event.fields {
            text += separator + "\"\(field.rawValue)\":" + json(value)
            separator = ","
        }
        for (name, value) in event.fields.others {
            text += separator + JSONText.quoted(name) + ":" + json(value)
            separator = ","
        }
        return text + "}}"
    }

    private static func json(_ value: FieldValue) -> String {
        switch value {
        case .text(let text): JSONText.quoted(text)
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .texts(let texts): "[" + texts.map(JSONText.quoted).joined(separator: ",") + "]"
        }
    }

    private enum Key: String, CodingKey {
        case at
        case created
        case original
        case fields
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var fields = EventFields()
        for (name, value) in try container.decode([String: Value].self, forKey: .fields) {
            fields[named: name] = value.value
        }
        event = Event(
            timestamp: Timestamp(microseconds: try container.decode(Int64.self, forKey: .at)),
            created: Timestamp(microseconds: try container.decode(Int64.self, forKey: .created)),
            original: try container.decode(String.self, forKey: .original), fields: fields
        )
    }

    private struct Value: Decodable {
        let value: FieldValue

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                value = .text(text)
            } else if let flag = try? container.decode(Bool.self) {
                value = .flag(flag)
            } else if let number = try? container.decode(Int64.self) {
                value = .number(number)
            } else {
                value = .texts(try container.decode([String].self))
            }
        }
    }
}
