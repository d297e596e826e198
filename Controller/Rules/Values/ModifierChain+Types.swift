internal import CordonMatch
internal import CordonModel
internal import CordonSigma

/// The modifiers that make something else than a text with wildcards of a value.
extension ModifierChain {
    /// The value's text where it has neither wildcards nor placeholders.
    private func literal(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> String {
        guard let (text, _) = try text(value) else { throw refusal(modifier, value) }
        guard let literal = text.literal else {
            let what = text.placeholder == nil ? "wildcards" : "placeholders that “expand” has not filled"
            throw RuleFault(line, "“\(modifier.rawValue)” cannot be applied to a value with \(what).", modifier.place)
        }
        return literal
    }

    // MARK: - Encodings

    func base64(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> [ModifiedValue] {
        let bytes: [UInt8]
        if case .bytes(let encoded) = value {
            bytes = encoded
        } else {
            bytes = Array(try literal(modifier, value).utf8)
        }
        guard !bytes.isEmpty else {
            throw RuleFault(line, "“\(modifier.rawValue)” of nothing would be anywhere.", .encoding)
        }
        let texts = modifier == .base64 ? [Encodings.base64(bytes)] : Encodings.base64Offsets(bytes)
        // Letters of Base64 mean different things in upper and lower case.
        return texts.map { .text(SigmaText(literal: $0), isCased: true) }
    }

    func utf16(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> [UInt8] {
        let text = try literal(modifier, value)
        switch modifier {
        case .utf16be: return Encodings.utf16(text, .big)
        case .utf16: return Encodings.utf16(text, .little, hasMark: true)
        default: return Encodings.utf16(text, .little)
        }
    }

    // MARK: - Regular expressions

    func expression(_ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        switch value {
        case .plain(let source), .number(let source, _): return .expression(RegularExpression(source))
        default:
            throw RuleFault(line, "“re” must stand before other modifiers of the value.", .regularExpression)
        }
    }

    func optioned(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        guard case .expression(var expression) = value else {
            throw RuleFault(line, "“\(modifier.rawValue)” stands only after “re”.", .regularExpression)
        }
        switch modifier {
        case .i: expression.options.insert(.ignoresCase)
        case .m: expression.options.insert(.isMultiline)
        default: expression.options.insert(.dotMatchesNewlines)
        }
        return .expression(expression)
    }

    /// Compiles it once, so that what PCRE refuses is refused here, with file and line.
    func check(_ expression: RegularExpression) throws(RuleFault) {
        guard !expression.source.isEmpty else {
            throw RuleFault(line, "An empty regular expression matches everything.", .regularExpression)
        }
        do {
            _ = try Expression(
                expression.source, options: Expression.Options(rawValue: expression.options.rawValue))
        } catch {
            throw RuleFault(line, error.message, .regularExpression)
        }
    }

    // MARK: - Numbers and times

    func bound(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        guard let comparison = modifier.comparison else { throw refusal(modifier, value) }
        switch value {
        case .number(_, let number): return .bound(comparison, number)
        case .time(let part, .equal, let number): return .time(part, comparison, number)
        default: throw refusal(modifier, value)
        }
    }

    func time(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        guard let part = modifier.timePart, case .number(_, let number) = value, let whole = Int(exactly: number)
        else { throw refusal(modifier, value) }
        guard part.range.contains(whole) else {
            throw RuleFault(line, "No \(modifier.rawValue) is \(whole).", .timeModifiers)
        }
        return .time(part, .equal, whole)
    }

    // MARK: - Networks and fields

    func network(_ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        let text = try literal(.cidr, value)
        guard let network = Network(text) else {
            throw RuleFault(line, "“\(text.prefix(64))” is no network with its host bits zero.", .networkModifiers)
        }
        return .network(network)
    }

    func reference(_ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        let field: String
        switch value {
        case .plain(let name): field = name
        case .text(let text, let isCased):
            guard let name = text.literal else { throw refusal(.fieldref, value) }
            return .reference(name.filter { $0 != " " }, .whole, isCased: isCased)
        default: throw refusal(.fieldref, value)
        }
        guard !field.isEmpty, !field.contains("*"), !field.contains("?") else {
            throw RuleFault(line, "“fieldref” wants a field's name.", .specificModifiers)
        }
        return .reference(field.filter { $0 != " " }, .whole, isCased: false)
    }
}

extension TimePart {
    /// The numbers of the specification; a year of ISO 8601 can have a week 53.
    var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .day: 1...31
        case .week: 1...53
        case .month: 1...12
        case .year: 1...9999
        }
    }
}
