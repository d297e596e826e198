package import CordonScan

extension Schema {
    /// The schema in the words of JSON Schema 2020-12; named schemas as references.
    package var document: JSONValue {
        if case .named(let name, _) = self { return ["$ref": .text("#/components/schemas/\(name)")] }
        return definition
    }

    /// The schema spelt out, references only below it.
    package var definition: JSONValue {
        switch self {
        case .anything: return [:]
        case .named(_, let schema): return schema.definition
        case .flag: return ["type": "boolean"]
        case .choice(let names): return ["type": "string", "enum": .array(names.map { .text($0) })]
        case .integer(let range): return Self.document(range)
        case .text(let form, let length): return Self.document(form, length)
        case .list(let element, let most):
            return ["type": "array", "items": element.document, "maxItems": .integer(Int64(most))]
        case .map(let element, let most):
            return ["type": "object", "additionalProperties": element.document, "maxProperties": .integer(Int64(most))]
        case .nullable(let schema): return ["oneOf": [schema.document, ["type": "null"]]]
        case .object(let properties): return Self.document(properties)
        case .variants(let tag, let variants):
            return [
                "oneOf": .array(
                    variants.map { Self.document([.required(tag, .choice([$0.name]))] + $0.properties) }
                )
            ]
        }
    }

    private static func document(_ range: ClosedRange<Int64>) -> JSONValue {
        var object: JSONValue = ["type": "integer", "format": "int64", "minimum": .integer(range.lowerBound)]
        if range.upperBound < Int64.max, case .object(var members) = object {
            members["maximum"] = .integer(range.upperBound)
            object = .object(members)
        }
        return object
    }

    private static func document(_ form: TextForm, _ length: ClosedRange<Int>) -> JSONValue {
        var members = JSONObject()
        members["type"] = "string"
        if form != .plain { members["format"] = .text(form.rawValue) }
        if length.lowerBound > 0 { members["minLength"] = .integer(Int64(length.lowerBound)) }
        members["maxLength"] = .integer(Int64(length.upperBound))
        return .object(members)
    }

    private static func document(_ properties: [Property]) -> JSONValue {
        var members = JSONObject()
        for property in properties {
            var schema = property.schema.document
            if !property.summary.isEmpty, case .object(var object) = schema {
                object["description"] = .text(property.summary)
                schema = .object(object)
            }
            members[property.name] = schema
        }
        return [
            "type": "object",
            "properties": .object(members),
            "required": .array(properties.filter(\.isRequired).map { .text($0.name) }),
            "additionalProperties": false,
        ]
    }

    /// The named schemas in this one, by name.
    package func collectNamed(into named: inout [String: Schema]) {
        switch self {
        case .anything, .flag, .choice, .integer, .text: return
        case .list(let schema, _), .map(let schema, _), .nullable(let schema): schema.collectNamed(into: &named)
        case .object(let properties): for property in properties { property.schema.collectNamed(into: &named) }
        case .variants(_, let variants):
            for property in variants.flatMap(\.properties) { property.schema.collectNamed(into: &named) }
        case .named(let name, let schema):
            guard named[name] == nil else { return }
            named[name] = schema
            schema.collectNamed(into: &named)
        }
    }
}
