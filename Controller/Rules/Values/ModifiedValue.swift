internal import CordonModel
internal import CordonSigma

/// A value on its way through its modifiers, which are applied in the order in which they are written (Rules, Value
/// Modifiers). What a modifier does not apply to is refused, never passed over.
enum ModifiedValue: Sendable, Hashable {
    /// As it is written.
    case plain(String)
    /// The same, of a plain scalar that is a number.
    case number(String, Double)
    case text(SigmaText, isCased: Bool)
    case bytes([UInt8])
    case expression(RegularExpression)
    case network(Network)
    case bound(Comparison, Double)
    case time(TimePart, Comparison, Int)
    case reference(String, Placement, isCased: Bool)

    init(_ scalar: YamlNode.Scalar) {
        self = scalar.number.map { .number(scalar.text, $0) } ?? .plain(scalar.text)
    }

    /// For messages.
    var kind: String {
        switch self {
        case .plain, .text: "a text"
        case .number: "a number"
        case .bytes: "an encoded text"
        case .expression: "a regular expression"
        case .network: "a network"
        case .bound: "a bound"
        case .time: "a part of a time"
        case .reference: "a field's name"
        }
    }
}

/// Applies modifiers to values.
struct ModifierChain {
    let key: FieldKey
    let line: Int
    /// Values for `expand`, by placeholder.
    let groups: [String: [String]]
    /// Values that one written value may become.
    static let most = 10_000
    /// Permutations of `windash`: five options.
    static let mostDashes = 3125

    /// What the value becomes; several are alternatives.
    func values(_ scalar: YamlNode.Scalar) throws(RuleFault) -> [ModifiedValue] {
        var values = [ModifiedValue(scalar)]
        for modifier in key.modifiers where !modifier.isOfTheWhole {
            var next: [ModifiedValue] = []
            for value in values { next += try apply(modifier, to: value) }
            guard next.count <= Self.most else {
                throw RuleFault(line, "A value becomes more than \(Self.most).", .limits)
            }
            values = next
        }
        return values
    }

    private func apply(_ modifier: Modifier, to value: ModifiedValue) throws(RuleFault) -> [ModifiedValue] {
        switch modifier {
        case .contains, .startswith, .endswith: [try placed(modifier, value)]
        case .cased: [try cased(value)]
        case .windash: try windash(value)
        case .re: [try expression(value)]
        case .i, .m, .s: [try optioned(modifier, value)]
        case .base64, .base64offset: try base64(modifier, value)
        case .utf16le, .utf16be, .utf16, .wide: [.bytes(try utf16(modifier, value))]
        case .lt, .lte, .gt, .gte: [try bound(modifier, value)]
        case .minute, .hour, .day, .week, .month, .year: [try time(modifier, value)]
        case .cidr: [try network(value)]
        case .expand: try expanded(value)
        case .fieldref: [try reference(value)]
        case .all, .neq, .exists: [value]
        }
    }

    func refusal(_ modifier: Modifier, _ value: ModifiedValue) -> RuleFault {
        RuleFault(line, "“\(modifier.rawValue)” does not apply to \(value.kind).", modifier.place)
    }

    // MARK: - Texts

    /// The value as a text with wildcards; `nil` where it is none.
    func text(_ value: ModifiedValue) throws(RuleFault) -> (text: SigmaText, isCased: Bool)? {
        switch value {
        case .plain(let source), .number(let source, _):
            return (SigmaText(source, hasPlaceholders: key.has(.expand)), false)
        case .text(let text, let isCased): return (text, isCased)
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RuleFault(line, "The encoded value is no text; “base64” must follow.", .encoding)
            }
            return (SigmaText(literal: text), false)
        default: return nil
        }
    }

    private func placed(_ modifier: Modifier, _ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        switch value {
        case .expression(let expression): return .expression(placed(modifier, expression))
        case .reference(let field, .whole, let isCased): return .reference(field, modifier.placement, isCased: isCased)
        default: break
        }
        guard let (text, isCased) = try text(value) else { throw refusal(modifier, value) }
        var whole = SigmaText()
        if modifier != .startswith { whole.append(.anyRun) }
        whole = whole.appending(text)
        if modifier != .endswith { whole.append(.anyRun) }
        return .text(whole, isCased: isCased)
    }

    /// An expression is looked for anywhere, so only the ends have to be said.
    private func placed(_ modifier: Modifier, _ expression: RegularExpression) -> RegularExpression {
        var expression = expression
        if modifier == .startswith { expression.source = "\\A(?:\(expression.source))" }
        if modifier == .endswith { expression.source = "(?:\(expression.source))\\z" }
        return expression
    }

    private func cased(_ value: ModifiedValue) throws(RuleFault) -> ModifiedValue {
        if case .reference(let field, let placement, _) = value { return .reference(field, placement, isCased: true) }
        guard let (text, _) = try text(value) else { throw refusal(.cased, value) }
        return .text(text, isCased: true)
    }

    private func windash(_ value: ModifiedValue) throws(RuleFault) -> [ModifiedValue] {
        guard let (text, isCased) = try text(value) else { throw refusal(.windash, value) }
        guard let texts = Windash.alternatives(text, most: Self.mostDashes) else {
            throw RuleFault(line, "“windash” makes more than \(Self.mostDashes) values of one.", .limits)
        }
        return texts.map { .text($0, isCased: isCased) }
    }

    private func expanded(_ value: ModifiedValue) throws(RuleFault) -> [ModifiedValue] {
        guard let (text, isCased) = try text(value) else { throw refusal(.expand, value) }
        var results = [SigmaText()]
        for part in text.parts {
            guard case .placeholder(let name) = part else {
                results = results.map { $0.appending(part) }
                continue
            }
            guard let group = groups[name] else {
                throw RuleFault(
                    line,
                    "No asset group fills the placeholder “%\(name)%”: make it with `cordon groups set \(name) VALUE…`, "
                        + "or where there is no controller name its values with --group.",
                    .placeholders)
            }
            guard results.count * group.count <= Self.most else {
                throw RuleFault(line, "A value becomes more than \(Self.most).", .limits)
            }
            let texts = group.map { SigmaText($0) }
            results = results.flatMap { result in texts.map { result.appending($0) } }
        }
        return results.map { .text($0, isCased: isCased) }
    }
}

extension Modifier {
    fileprivate var placement: Placement {
        switch self {
        case .startswith: .prefix
        case .endswith: .suffix
        default: .within
        }
    }
}
