internal import CordonMatch
internal import CordonSigma

/// One entry of a search identifier's map: a field, or with no field the whole event, its modifiers, and its values.
struct FieldItem {
    private let key: FieldKey
    private let chain: ModifierChain
    private let line: Int

    init(_ entry: YamlNode.Entry, groups: [String: [String]]) throws(RuleFault) {
        key = try FieldKey(entry.key, line: entry.line)
        line = entry.line
        chain = ModifierChain(key: key, line: entry.line, groups: groups)
    }

    /// What the entry demands.
    mutating func condition(_ value: YamlNode, warnings: inout [RuleFault]) throws(RuleFault) -> Condition {
        if key.has(.exists) { return try existence(value) }
        let scalars = try self.scalars(value)
        if scalars.contains(where: \.isNull) { return try null(scalars) }
        if key.has(.all), scalars.count == 1 {
            warnings.append(RuleFault(line, "“all” does nothing to a single value.", .genericModifiers))
        }
        var parts: [Condition] = []
        for scalar in scalars { parts.append(try alternatives(scalar)) }
        let linked = parts.count == 1 ? parts[0] : key.has(.all) ? .all(parts) : .any(parts)
        return key.has(.neq) ? .not(linked) : linked
    }

    private func scalars(_ value: YamlNode) throws(RuleFault) -> [YamlNode.Scalar] {
        switch value.content {
        case .scalar(let scalar): return [scalar]
        case .map: throw RuleFault(value.line, "A field's value is a map.", .maps)
        case .list(let list):
            guard !list.isEmpty else { throw RuleFault(value.line, "A field's list of values is empty.", .lists) }
            var scalars: [YamlNode.Scalar] = []
            for element in list {
                guard let scalar = element.scalar else {
                    throw RuleFault(element.line, "A field's list holds \(element.kind).", .lists)
                }
                scalars.append(scalar)
            }
            return scalars
        }
    }

    // MARK: - Null and existence

    private func null(_ scalars: [YamlNode.Scalar]) throws(RuleFault) -> Condition {
        guard scalars.count == 1 else { throw RuleFault(line, "Null cannot be part of a list.", .specialValues) }
        guard !key.field.isEmpty else { throw RuleFault(line, "A keyword is null.", .specialValues) }
        guard key.modifiers.isEmpty || key.modifiers == [.neq] else {
            throw RuleFault(line, "Null takes no modifiers but “neq”.", .specialValues)
        }
        let isNull = Condition.field(key.field, .isNull)
        return key.has(.neq) ? .not(isNull) : isNull
    }

    private func existence(_ value: YamlNode) throws(RuleFault) -> Condition {
        guard !key.field.isEmpty, key.modifiers == [.exists] else {
            throw RuleFault(line, "“exists” wants a field, and stands alone.", .existence)
        }
        guard let flag = value.scalar?.flag else {
            throw RuleFault(value.line, "“exists” takes true or false.", .existence)
        }
        return .field(key.field, .exists(flag))
    }

    // MARK: - Values

    private func alternatives(_ scalar: YamlNode.Scalar) throws(RuleFault) -> Condition {
        var tests: [Condition] = []
        for value in try chain.values(scalar) {
            tests.append(key.field.isEmpty ? try keyword(value) : .field(key.field, try test(value)))
        }
        return tests.count == 1 ? tests[0] : .any(tests)
    }

    private func test(_ value: ModifiedValue) throws(RuleFault) -> ValueTest {
        switch value {
        case .expression(let expression):
            try chain.check(expression)
            return .expression(expression)
        case .network(let network): return .network(network)
        case .bound(let comparison, let number): return .number(comparison, number)
        case .time(let part, let comparison, let number): return .time(part, comparison, number)
        case .reference(let field, let placement, let isCased): return .field(field, placement, isCased: isCased)
        case .plain, .number, .text, .bytes:
            guard let (text, isCased) = try chain.text(value) else {
                throw RuleFault(line, "\(value.kind) is no text.", .modifiers)
            }
            return .pattern(text.wildcards, isCased: isCased)
        }
    }

    /// A keyword may stand anywhere within a text of the event.
    private func keyword(_ value: ModifiedValue) throws(RuleFault) -> Condition {
        guard !key.has(.startswith), !key.has(.endswith), let (text, isCased) = try chain.text(value) else {
            throw RuleFault(line, "Such modifiers want a field: a keyword is a text, looked for anywhere.", .keywords)
        }
        guard !text.parts.allSatisfy({ $0 == .anyRun }) else {
            throw RuleFault(line, "An empty keyword is in every event.", .keywords)
        }
        let within = SigmaText(parts: [.anyRun]).appending(text).appending(.anyRun)
        return .keyword(within.wildcards, isCased: isCased)
    }
}
