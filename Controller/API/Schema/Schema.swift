internal import CordonModel
internal import CordonScan

/// What a JSON value must look like: one declaration that checks requests, checks responses in tests, and stands in the
/// OpenAPI document (JSON Schema 2020-12), so that the three cannot differ.
package indirect enum Schema: Sendable {
    case text(TextForm, length: ClosedRange<Int>)
    case choice([String])
    case integer(ClosedRange<Int64>)
    case flag
    case list(Schema, most: Int)
    /// Exactly these members.
    case object([Property])
    /// Any names, values alike.
    case map(Schema, most: Int)
    case nullable(Schema)
    /// Objects told apart by the text of one member.
    case variants(tag: String, [(name: String, properties: [Property])])
    /// A schema that has a name in the document.
    case named(String, Schema)
    /// Any JSON value.
    case anything

    /// One member of an object.
    package struct Property: Sendable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool
        package let summary: String
    }

    /// What a text spells.
    package enum TextForm: String, Sendable {
        case plain
        /// RFC 9562.
        case identifier = "uuid"
        /// RFC 3339.
        case instant = "date-time"
        /// An address or a CIDR network.
        case network
    }
}

extension Schema {
    /// Any text.
    static let string = Schema.text(.plain, length: 0...1_000_000)
    /// An identifier.
    static let identifier = Schema.text(.identifier, length: 36...36)
    /// An instant.
    static let instant = Schema.text(.instant, length: 20...64)
    /// A network.
    static let network = Schema.text(.network, length: 2...49)
    /// A count.
    static let count = Schema.integer(0...Int64.max)

    /// A text that people write: at least one character.
    static func sentence(_ most: Int) -> Schema { .text(.plain, length: 1...most) }

    /// The raw values of a closed set.
    static func choice<Choice: CaseIterable & RawRepresentable>(of type: Choice.Type) -> Schema
    where Choice.RawValue == String {
        .choice(type.allCases.map(\.rawValue))
    }

    /// One page of a list.
    static func page(_ name: String, _ item: Schema) -> Schema {
        .named(
            "\(name)Page",
            .object([
                .required("items", .list(item, most: 1000), "Newest first, unless the address says otherwise."),
                .required("next", .nullable(.string), "The `cursor` of the next page; null on the last."),
            ])
        )
    }
}

extension Schema.Property {
    static func required(_ name: String, _ schema: Schema, _ summary: String = "") -> Self {
        Self(name: name, schema: schema, isRequired: true, summary: summary)
    }

    static func optional(_ name: String, _ schema: Schema, _ summary: String = "") -> Self {
        Self(name: name, schema: schema, isRequired: false, summary: summary)
    }
}
