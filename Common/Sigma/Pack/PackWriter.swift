internal import CordonMatch
internal import CordonModel

/// Writes numbers as LEB128, texts and lists with their length before them, choices as a number.
struct PackWriter {
    var bytes: [UInt8]

    mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func put(_ number: Double) {
        let bits = number.bitPattern
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
    }

    mutating func put(_ text: String) throws(SigmaError) {
        guard text.utf8.count <= RulePack.Limits.text else { throw .pack("has a text that is too long") }
        put(UInt64(text.utf8.count))
        bytes.append(contentsOf: Array(text.utf8))
    }

    mutating func put(_ text: String?) throws(SigmaError) {
        put(text != nil)
        if let text { try put(text) }
    }

    mutating func put(_ texts: [String]) throws(SigmaError) {
        try putCount(texts.count)
        for text in texts { try put(text) }
    }

    mutating func putCount(_ count: Int) throws(SigmaError) {
        guard count <= RulePack.Limits.list else { throw .pack("has a list that is too long") }
        put(UInt64(count))
    }

    /// A case of a closed set, as its place.
    mutating func put<Choice: CaseIterable & Equatable>(_ choice: Choice) {
        put(UInt64(Choice.allCases.prefix { $0 != choice }.count))
    }

    // MARK: - Rules

    mutating func put(_ rule: SigmaRule) throws(SigmaError) {
        try put(rule.id)
        try put(rule.name)
        try put(rule.title)
        try put(rule.author)
        put(rule.level)
        put(rule.status != nil)
        if let status = rule.status { put(status) }
        try put(rule.summary)
        for texts in [rule.tags, rule.references, rule.falsePositives] { try put(texts) }
        for text in [rule.logSource.product, rule.logSource.category, rule.logSource.service] { try put(text) }
        var nodes = 0
        try put(rule.condition, depth: 0, &nodes)
    }

    private mutating func put(_ condition: Condition, depth: Int, _ nodes: inout Int) throws(SigmaError) {
        nodes += 1
        guard depth <= RulePack.Limits.depth, nodes <= RulePack.Limits.nodes else {
            throw .pack("has a condition that is too large")
        }
        switch condition {
        case .all(let parts): try put(0, parts, depth, &nodes)
        case .any(let parts): try put(1, parts, depth, &nodes)
        case .not(let part):
            put(2 as UInt64)
            try put(part, depth: depth + 1, &nodes)
        case .field(let name, let test):
            put(3 as UInt64)
            try put(name)
            try put(test)
        case .keyword(let pattern, let isCased):
            put(4 as UInt64)
            try put(pattern)
            put(isCased)
        }
    }

    private mutating func put(
        _ kind: UInt64, _ parts: [Condition], _ depth: Int, _ nodes: inout Int
    ) throws(SigmaError) {
        put(kind)
        try putCount(parts.count)
        for part in parts { try put(part, depth: depth + 1, &nodes) }
    }

    private mutating func put(_ test: ValueTest) throws(SigmaError) {
        switch test {
        case .pattern(let pattern, let isCased):
            put(0 as UInt64)
            try put(pattern)
            put(isCased)
        case .expression(let expression):
            put(1 as UInt64)
            try put(expression.source)
            put(UInt64(expression.options.rawValue))
        case .network(let network):
            put(2 as UInt64)
            try put(network.description)
        case .number(let comparison, let number):
            put(3 as UInt64)
            put(comparison)
            put(number)
        case .time(let part, let comparison, let number):
            put(4 as UInt64)
            put(part)
            put(comparison)
            put(UInt64(clamping: number))
        case .exists(let isThere):
            put(5 as UInt64)
            put(isThere)
        case .isNull: put(6 as UInt64)
        case .field(let other, let placement, let isCased):
            put(7 as UInt64)
            try put(other)
            put(placement)
            put(isCased)
        }
    }

    private mutating func put(_ pattern: Wildcards) throws(SigmaError) {
        try putCount(pattern.parts.count)
        for part in pattern.parts {
            switch part {
            case .literal(let text):
                put(0 as UInt64)
                try put(text)
            case .anyRun: put(1 as UInt64)
            case .anyOne: put(2 as UInt64)
            }
        }
    }

    // MARK: - Correlations

    mutating func put(_ rule: CorrelationRule) throws(SigmaError) {
        try put(rule.id)
        try put(rule.name)
        try put(rule.title)
        try put(rule.author)
        put(rule.level)
        try put(rule.tags)
        try put(rule.kind)
        try put(rule.rules)
        try put(rule.groupBy)
        put(UInt64(clamping: rule.timespan))
        try putCount(rule.conditions.count)
        for bound in rule.conditions {
            put(bound.comparison)
            put(bound.value)
        }
        try putCount(rule.aliases.count)
        for (alias, fields) in rule.aliases.sorted(by: { $0.key < $1.key }) {
            try put(alias)
            try putCount(fields.count)
            for (name, field) in fields.sorted(by: { $0.key < $1.key }) {
                try put(name)
                try put(field)
            }
        }
        put(rule.generatesBaseAlerts)
    }

    private mutating func put(_ kind: CorrelationRule.Kind) throws(SigmaError) {
        switch kind {
        case .eventCount: put(0 as UInt64)
        case .valueCount(let fields):
            put(1 as UInt64)
            try put(fields)
        case .temporal: put(2 as UInt64)
        case .temporalOrdered: put(3 as UInt64)
        case .valueSum(let field):
            put(4 as UInt64)
            try put(field)
        case .valueAverage(let field):
            put(5 as UInt64)
            try put(field)
        case .valuePercentile(let field, let percentile):
            put(6 as UInt64)
            try put(field)
            put(percentile)
        }
    }
}
