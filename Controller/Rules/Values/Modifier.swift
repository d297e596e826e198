internal import CordonSigma

/// The modifiers of specification 2.1.0.
enum Modifier: String, CaseIterable, Sendable {
    case all, startswith, endswith, contains, exists, cased, neq
    case windash, re, i, m, s
    case base64, base64offset, utf16le, utf16be, utf16, wide
    case lt, lte, gt, gte
    case minute, hour, day, week, month, year
    case cidr, expand, fieldref

    var place: SpecificationPlace {
        switch self {
        case .all, .startswith, .endswith, .contains, .cased, .neq: .genericModifiers
        case .exists: .existence
        case .windash: .stringModifiers
        case .re, .i, .m, .s: .regularExpression
        case .base64, .base64offset, .utf16le, .utf16be, .utf16, .wide: .encoding
        case .lt, .lte, .gt, .gte: .numericModifiers
        case .minute, .hour, .day, .week, .month, .year: .timeModifiers
        case .cidr: .networkModifiers
        case .expand: .placeholders
        case .fieldref: .specificModifiers
        }
    }

    /// How it bounds a number.
    var comparison: Comparison? { Comparison(rawValue: rawValue) }

    var timePart: TimePart? { TimePart(rawValue: rawValue) }

    /// Whether it says how the values are linked, and does nothing to each.
    var isOfTheWhole: Bool { self == .all || self == .neq || self == .exists }
}

/// `field|modifier|modifier`.
struct FieldKey: Sendable {
    /// Empty where values are looked for in the whole event. Without spaces (Rules, Field Usage).
    let field: String
    let modifiers: [Modifier]

    init(_ key: String, line: Int) throws(RuleFault) {
        let parts = key.split(separator: "|", omittingEmptySubsequences: false)
        field = String(parts[0].filter { $0 != " " })
        var modifiers: [Modifier] = []
        for part in parts.dropFirst() {
            guard let modifier = Modifier(rawValue: String(part)) else {
                throw RuleFault(line, "There is no modifier “\(part.prefix(64))”.", .modifiers)
            }
            guard !modifiers.contains(modifier) else {
                throw RuleFault(line, "The modifier “\(part)” stands twice.", modifier.place)
            }
            modifiers.append(modifier)
        }
        self.modifiers = modifiers
    }

    func has(_ modifier: Modifier) -> Bool { modifiers.contains(modifier) }
}
