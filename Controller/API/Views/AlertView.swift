internal import ControllerIntake
internal import CordonModel
internal import CordonScan

/// Alerts as the API shows them.
enum AlertView {
    static let schema = Schema.named("Alert", .object(properties))
    static let detail = Schema.named(
        "AlertDetail", .object(properties + [.required("evidence", .list(EventView.schema, most: 1000))])
    )

    private static let properties: [Schema.Property] = [
        .required("id", .identifier),
        .required("title", .string, "May hold hostile text."),
        .required("severity", .choice(of: Severity.self)),
        .required("host", .nullable(.identifier)),
        .required(
            "rule",
            .object([
                .required("id", .string), .required("name", .string),
                .required("techniques", .list(.string, most: 1000), "MITRE ATT&CK."),
                .required("author", .nullable(.string), "Who wrote the rule."),
            ])
        ),
        .required("first_seen", .instant),
        .required("last_seen", .instant),
        .required("received_at", .instant),
        .required("updated_at", .instant),
        .required("count", .count, "Events that counted."),
        .required("reports", .count, "Reports that were merged."),
        .required("case", .nullable(.identifier)),
        .required("case_number", .nullable(.count)),
        .required("explanation", .string, "Why it stands in its case."),
        .required("observables", .list(ObservableView.schema, most: 100_000)),
    ]

    static func json(_ record: AlertRecord) -> JSONValue { .object(members(record)) }

    static func detail(_ record: AlertRecord) -> JSONValue {
        var members = members(record)
        members["evidence"] = .array(record.alert.evidence.map(EventView.json))
        return .object(members)
    }

    private static func members(_ record: AlertRecord) -> JSONObject {
        let alert = record.alert
        let value: JSONValue = [
            "id": .text("\(alert.id)"), "title": .text(alert.title), "severity": .text(alert.severity.rawValue),
            "host": .describing(alert.agent),
            "rule": [
                "id": .text(alert.rule.id), "name": .text(alert.rule.name),
                "techniques": .array(alert.rule.techniques.map { .text($0) }),
                "author": alert.rule.author.map { .text($0) } ?? .null,
            ],
            "first_seen": .text("\(alert.firstSeen)"), "last_seen": .text("\(alert.lastSeen)"),
            "received_at": .text("\(record.receivedAt)"), "updated_at": .text("\(record.updatedAt)"),
            "count": .integer(Int64(alert.count)), "reports": .integer(Int64(record.reports)),
            "case": .describing(record.caseID), "case_number": record.caseNumber.map { .integer(Int64($0)) } ?? .null,
            "explanation": .text(record.explanation), "observables": .array(alert.observables.map(ObservableView.json)),
        ]
        return value.object ?? JSONObject()
    }
}

/// Observables as the API shows and takes them.
enum ObservableView {
    static let schema = Schema.named(
        "Observable",
        .object([
            .required("kind", .choice(of: Observable.Kind.self), "STIX 2.1 §6."),
            .required("value", .text(.plain, length: 1...4096), "May hold hostile text."),
        ])
    )

    static func json(_ observable: Observable) -> JSONValue {
        ["kind": .text(observable.kind.rawValue), "value": .text(observable.value)]
    }
}

/// Events as the API shows them.
enum EventView {
    static let schema = Schema.named(
        "Event",
        .object([
            .required("timestamp", .instant), .required("created", .instant),
            .required("original", .string, "The line as it was. Hostile text."),
            .required("fields", .map(.anything, most: 1000), "By ECS name."),
        ])
    )

    static func json(_ event: Event) -> JSONValue {
        var fields = JSONObject()
        for (name, value) in event.fields.named.sorted(by: { $0.name < $1.name }) {
            fields[name] =
                switch value {
                case .text(let text): .text(text)
                case .number(let number): .integer(number)
                case .flag(let flag): .flag(flag)
                case .texts(let texts): .array(texts.map { .text($0) })
                }
        }
        return [
            "timestamp": .text("\(event.timestamp)"), "created": .text("\(event.created)"),
            "original": .text(event.original), "fields": .object(fields),
        ]
    }
}
