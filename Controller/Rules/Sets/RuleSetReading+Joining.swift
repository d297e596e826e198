internal import CordonSigma

/// What refers to other documents.
extension RuleSetReading {
    /// Correlations of correlations.
    static let deepest = 10

    // MARK: - Filters

    /// `original and not filter`.
    mutating func joinFilters() {
        for filter in filters {
            for (reference, line) in filter.value.rules { warnWhereIdle(filter, reference, line) }
            for place in rules.indices where applies(filter.value, to: rules[place].value) {
                let original = rules[place].value.condition
                rules[place].value.condition = .all([original, .not(filter.value.condition)])
            }
        }
    }

    private func applies(_ filter: FilterDocument, to rule: SigmaRule) -> Bool {
        filter.logSource.applies(to: rule.logSource)
            && (filter.rules.isEmpty || filter.rules.contains { rule.isMeant(by: $0.reference) })
    }

    private mutating func warnWhereIdle(_ filter: Placed<FilterDocument>, _ reference: String, _ line: Int) {
        let meant = rules.filter { $0.value.isMeant(by: reference) }
        let reason: String
        if meant.isEmpty {
            reason = "The filter is of “\(reference.prefix(256))”, and there is no such rule."
        } else if meant.contains(where: { filter.value.logSource.applies(to: $0.value.logSource) }) {
            return
        } else {
            reason = "The filter is of “\(reference.prefix(256))”, which has another log source."
        }
        note(.warning, RuleFault(line, reason, .filter), filter.file, filter.value.title)
    }

    // MARK: - Correlations

    /// Puts identifiers for references, and refuses what refers to nothing or to itself.
    /// - Returns: The places of those that stand, each after those it refers to.
    mutating func resolveCorrelations() -> [Int] {
        var order: [Int] = []
        var depths: [String: Int] = [:]
        for rule in rules { depths[rule.value.id] = 0 }
        let ids = identifiers()
        var waiting: [Int] = []
        for place in correlations.indices {
            if let fault = resolve(place, ids) { note(.fault, fault, place) } else { waiting.append(place) }
        }
        // Those whose rules are all there, again and again, until none is left or none is reached.
        while true {
            let ready = waiting.filter { correlations[$0].value.rule.rules.allSatisfy { depths[$0] != nil } }
            guard !ready.isEmpty else { break }
            waiting.removeAll(where: Set(ready).contains)
            for place in ready {
                let rule = correlations[place].value.rule
                let depth = 1 + (rule.rules.compactMap { depths[$0] }.max() ?? 0)
                guard depth <= Self.deepest else {
                    note(.fault, tooDeep(place), place)
                    continue
                }
                depths[rule.id] = depth
                order.append(place)
            }
        }
        for place in waiting { note(.fault, unreached(place, waiting), place) }
        return order
    }

    private mutating func note(_ weight: RuleFinding.Weight, _ fault: RuleFault, _ place: Int) {
        note(weight, fault, correlations[place].file, correlations[place].value.rule.id)
    }

    private func tooDeep(_ place: Int) -> RuleFault {
        RuleFault(
            correlations[place].value.rulesLine,
            "Correlations stand more than \(Self.deepest) deep on each other.", .limits)
    }

    private func unreached(_ place: Int, _ waiting: [Int]) -> RuleFault {
        let line = correlations[place].value.rulesLine
        let others = Set(waiting.map { correlations[$0].value.rule.id })
        guard let missing = correlations[place].value.rule.rules.first(where: { !others.contains($0) }) else {
            return RuleFault(line, "The correlation refers to itself, or to one that does.", .correlationRules)
        }
        return RuleFault(
            line, "The correlation refers to “\(missing.prefix(256))”, which is refused.", .correlationRules)
    }

    /// Identifiers by themselves and by name.
    private func identifiers() -> [String: String] {
        let all =
            rules.map { ($0.value.id, $0.value.name) } + correlations.map { ($0.value.rule.id, $0.value.rule.name) }
        var ids: [String: String] = [:]
        for (id, name) in all {
            if let name { ids[name] = id }
        }
        for (id, _) in all { ids[id] = id }
        return ids
    }

    private mutating func resolve(_ place: Int, _ ids: [String: String]) -> RuleFault? {
        let document = correlations[place].value
        var found: [String] = []
        for reference in document.rule.rules {
            guard let id = ids[reference] else {
                return RuleFault(
                    document.rulesLine, "The correlation refers to “\(reference.prefix(256))”: there is no such rule.",
                    .correlationRules)
            }
            guard !found.contains(id) else {
                return RuleFault(
                    document.rulesLine, "The correlation refers to “\(reference.prefix(256))” twice.",
                    .correlationRules)
            }
            found.append(id)
        }
        var aliases: [String: [String: String]] = [:]
        for (alias, fields) in document.rule.aliases {
            for (reference, field) in fields {
                guard let id = ids[reference], found.contains(id) else {
                    return RuleFault(
                        document.aliasLine,
                        "The alias “\(alias.prefix(256))” is of “\(reference.prefix(256))”, which the correlation does not refer to.",
                        .aliases)
                }
                aliases[alias, default: [:]][id] = field
            }
        }
        correlations[place].value.rule.rules = found
        correlations[place].value.rule.aliases = aliases
        return nil
    }
}

extension SigmaRule {
    /// By identifier, name or title.
    fileprivate func isMeant(by reference: String) -> Bool {
        id == reference || name == reference || title == reference
    }
}
