internal import CordonModel
internal import CordonScan

/// Members, their kinds, and values that have a form.
extension PlaybookCheck {
    /// Checks the members of an object against a table.
    mutating func checkMembers(_ json: JSONValue, _ members: [PlaybookSchema.Member], at tokens: [String], what: String)
    {
        for member in members {
            if let value = json[member.name] {
                check(value, member.kind, at: tokens + [member.name])
            } else if member.isRequired {
                fault("member.missing", tokens, "The \(what) has no “\(member.name)”.")
            }
        }
        for (index, reference) in (json["external_references"]?.array ?? []).enumerated()
        where reference.object != nil && reference["name"]?.text == nil {
            fault("member.missing", tokens + ["external_references", String(index)], "The reference has no “name”.")
        }
    }

    private mutating func check(_ value: JSONValue, _ kind: PlaybookSchema.Kind, at tokens: [String]) {
        let name = tokens.last ?? ""
        switch kind {
        case .text: if value.text == nil { wrongKind(value, "a text", tokens) }
        case .word(let words):
            if !words.contains(value.text ?? "") {
                fault("member.value", tokens, "“\(name)” must be \(words.joined(separator: ", ")).")
            }
        case .flag: if value.flag == nil { wrongKind(value, "true or false", tokens) }
        case .integer(let range):
            if !(value.integer.map { range.contains($0) } ?? false) {
                let span =
                    range.upperBound == .max
                    ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
                fault("member.value", tokens, "“\(name)” must be a whole number, \(span).")
            }
        case .identifier: checkIdentifier(value, at: tokens)
        case .timestamp:
            if !(value.text.map { $0.hasSuffix("Z") && Timestamp(rfc3339: $0) != nil } ?? false) {
                fault("member.time", tokens, "“\(name)” must be an RFC 3339 time that ends in Z.")
            }
        case .list(let element, let least): checkList(value, element, least, at: tokens)
        case .object(let least):
            guard let object = value.object else { return wrongKind(value, "an object", tokens) }
            if object.count < least { warn("member.empty", tokens, "“\(name)” should be left out when it is empty.") }
        }
    }

    private mutating func checkList(
        _ value: JSONValue, _ element: PlaybookSchema.Kind, _ least: Int, at tokens: [String]
    ) {
        let name = tokens.last ?? ""
        guard let array = value.array else { return wrongKind(value, "a list", tokens) }
        if array.count < least {
            if array.isEmpty, name != "commands", name != "next_steps" {
                warn("member.empty", tokens, "“\(name)” should be left out when it is empty.")
            } else {
                fault("member.count", tokens, "“\(name)” must have at least \(least) element\(least == 1 ? "" : "s").")
            }
        }
        for (index, item) in array.enumerated() { check(item, element, at: tokens + [String(index)]) }
    }

    private mutating func wrongKind(_ value: JSONValue, _ wanted: String, _ tokens: [String]) {
        fault("member.kind", tokens, "“\(tokens.last ?? "")” must be \(wanted), not \(value.kindName).")
    }

    private mutating func checkIdentifier(_ value: JSONValue, at tokens: [String]) {
        guard let text = value.text else { return wrongKind(value, "an identifier", tokens) }
        if !CacaoIdentifier.isValid(text) {
            fault("member.identifier", tokens, "“\(text.prefix(80))” is no identifier of the form type--UUID.")
        }
    }

    mutating func checkUnknownMembers() {
        let known = Set(PlaybookSchema.playbook.map(\.name))
        for name in document.object?.keys ?? [] where !known.contains(name) {
            warn("member.unknown", [name], "CACAO 2.0 has no member “\(name.prefix(60))” here; it is kept as it is.")
        }
    }

    mutating func checkTimes() {
        for name in ["created", "modified"] {
            guard let text = document[name]?.text, Timestamp(rfc3339: text) != nil else { continue }
            if text.utf8.count != 24 {
                warn("time.precision", [name], "“\(name)” should have exactly three digits of fraction.")
            }
        }
        let times = ["created", "modified", "valid_from", "valid_until"].map { name in
            document[name]?.text.flatMap { Timestamp(rfc3339: $0) }
        }
        if let created = times[0], let modified = times[1], modified < created {
            warn("time.order", ["modified"], "“modified” must not be before “created”.")
        }
        if let from = times[2], let until = times[3], until <= from {
            warn("time.order", ["valid_until"], "“valid_until” must be after “valid_from”.")
        }
        if playbook.isRevoked {
            warn("playbook.revoked", ["revoked"], "The playbook is revoked by its author.", preventsStart: true)
        }
        if let id = document["id"]?.text, !id.hasPrefix("playbook--") {
            warn("identifier.type", ["id"], "A playbook's identifier should begin with “playbook--”.")
        }
    }

    mutating func checkVariables(_ json: JSONValue?, at tokens: [String]) {
        for (name, variable) in json?.object ?? JSONObject() {
            let place = tokens + [name]
            if !VariableName.isValid(name) {
                warn("variable.name", place, "“\(name.prefix(60))” is no variable name like __name__.")
            }
            guard variable.object != nil else {
                fault("member.kind", place, "A variable must be an object, not \(variable.kindName).")
                continue
            }
            checkMembers(variable, PlaybookSchema.variable, at: place, what: "variable \(name.prefix(60))")
            guard let value = variable["value"], !value.isNull else { continue }
            guard let text = value.text else {
                fault(
                    "member.kind", place + ["value"],
                    "A variable's value must be a text or null, not \(value.kindName).")
                continue
            }
            let type = VariableType(rawValue: variable["type"]?.text ?? "string")
            if !text.isEmpty, !type.accepts(text) {
                warn("variable.value", place + ["value"], "“\(text.prefix(60))” is no \(type.rawValue).")
            }
        }
    }

    mutating func checkParties() {
        for member in ["agent_definitions", "target_definitions"] {
            for (id, party) in document[member]?.object ?? JSONObject() {
                let place = [member, id]
                guard let type = party["type"]?.text else {
                    fault("member.missing", place, "The definition has no “type”.")
                    continue
                }
                checkMembers(party, PlaybookSchema.party(type), at: place, what: "definition")
                if !CacaoIdentifier.isValid(id) {
                    warn("member.identifier", place, "“\(id.prefix(80))” is no identifier of the form type--UUID.")
                } else if !id.hasPrefix(type + "--") {
                    warn(
                        "identifier.type", place,
                        "The identifier of a \(type.prefix(40)) should begin with “\(type.prefix(40))--”.")
                }
            }
        }
        for (id, secret) in document["authentication_info_definitions"]?.object ?? JSONObject()
        where ["password", "token", "oauth_header"].contains(where: { secret[$0]?.text?.isEmpty == false }) {
            warn(
                "secret.inline", ["authentication_info_definitions", id],
                "A secret stands in the playbook itself; anybody who may read it has it.")
        }
    }

    mutating func checkExtensions() {
        let definitions = document["extension_definitions"]?.object ?? JSONObject()
        for (id, definition) in definitions {
            checkMembers(
                definition, PlaybookSchema.extensionDefinition, at: ["extension_definitions", id],
                what: "extension definition")
        }
    }
}

/// Identifiers of CACAO 2.0 §10.10.
enum CacaoIdentifier {
    /// Whether it is `type--UUID` by the schema's expression.
    static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 41, bytes.count <= 300 else { return false }
        let uuid = bytes.suffix(36)
        let rest = bytes.dropLast(36)
        guard rest.suffix(2).elementsEqual("--".utf8), UUIDv7(String(decoding: uuid, as: UTF8.self)) != nil else {
            return false
        }
        let type = rest.dropLast(2)
        guard let first = type.first, let last = type.last, (97...122).contains(first), last != UInt8(ascii: "-"),
            type.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") })
        else { return false }
        let version = uuid[uuid.startIndex + 14]
        let variant = HexDigit.value(uuid[uuid.startIndex + 19]) ?? 0
        return (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(version) && (8...11).contains(variant)
    }
}
