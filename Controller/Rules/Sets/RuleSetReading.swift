internal import CordonSigma

/// Reads documents of many files, then joins what refers to each other.
struct RuleSetReading {
    /// A document that was read, and where.
    struct Placed<Value> {
        var value: Value
        let file: String
        let line: Int
    }

    let groups: [String: [String]]
    var rules: [Placed<SigmaRule>] = []
    var correlations: [Placed<CorrelationDocument>] = []
    var filters: [Placed<FilterDocument>] = []
    /// Rules that say no level, by their place; those of a correlation need none.
    var levelless: [(id: String, file: String, line: Int)] = []
    private var files: [String] = []
    private var findings: [RuleFinding] = []
    private var refused = 0
    /// Bytes of the rules as a pack holds them.
    private var size = 0

    /// Bytes that all rules may have: what becomes larger is not held to be counted in the end.
    private let mostBytes: Int

    init(groups: [String: [String]], mostBytes: Int = RulePack.Limits.bytes) {
        self.groups = groups
        self.mostBytes = mostBytes
    }

    mutating func read(_ bytes: [UInt8], file: String) {
        files.append(file)
        var reader = YamlReader()
        let (documents, fault) = reader.documents(bytes)
        for document in documents { read(document, file) }
        if let fault {
            note(.fault, fault, file, nil)
        } else if documents.isEmpty {
            refuse(file, "The file holds no rule.", counts: false)
        }
    }

    /// Notes that a file is no rule file at all.
    mutating func refuse(_ file: String, _ reason: String, counts: Bool = true) {
        if counts { files.append(file) }
        note(.fault, RuleFault(0, reason, .yaml), file, nil)
    }

    private mutating func read(_ document: YamlNode, _ file: String) {
        let name = document["id"]?.scalar?.text ?? document["title"]?.scalar?.text
        do throws(RuleFaults) {
            if document["correlation"] != nil {
                let found = try CorrelationDocument(document)
                note(found.warnings, file, found.rule.id)
                if !found.hasLevel { levelless.append((found.rule.id, file, found.line)) }
                correlations.append(Placed(value: found, file: file, line: document.line))
            } else if document["filter"] != nil {
                let found = try FilterDocument(document, groups: groups)
                note(found.warnings, file, name)
                filters.append(Placed(value: found, file: file, line: document.line))
            } else {
                let found = try DetectionDocument(document, groups: groups)
                note(found.warnings, file, found.rule.id)
                try weigh(found.rule, line: document.line)
                if document["level"] == nil { levelless.append((found.rule.id, file, document.line)) }
                rules.append(Placed(value: found.rule, file: file, line: document.line))
            }
        } catch {
            refused += 1
            for fault in error.all { findings.append(RuleFinding(.fault, fault, file: file, rule: name)) }
        }
    }

    /// Counts what a rule takes: groups fill placeholders with many values, and few rules become very much.
    private mutating func weigh(_ rule: SigmaRule, line: Int) throws(RuleFaults) {
        do throws(SigmaError) {
            size += try RulePack(name: "", version: 0, rules: [rule]).encoded().count
        } catch {
            throw RuleFaults(all: [RuleFault(line, error.message, .limits)])
        }
        guard size <= mostBytes else {
            let reason = "With this rule all are larger than \(mostBytes) bytes."
            throw RuleFaults(all: [RuleFault(line, reason, .limits)])
        }
    }

    // MARK: - Findings

    mutating func note(_ weight: RuleFinding.Weight, _ fault: RuleFault, _ file: String, _ rule: String?) {
        if weight == .fault { refused += 1 }
        findings.append(RuleFinding(weight, fault, file: file, rule: rule))
    }

    private mutating func note(_ warnings: [RuleFault], _ file: String, _ rule: String?) {
        for warning in warnings { note(.warning, warning, file, rule) }
    }

    // MARK: - The end

    /// Joins everything, and gives the set.
    mutating func finished() -> RuleSet {
        refuseDoubles()
        joinFilters()
        let order = resolveCorrelations()
        warnOfLevels()
        var set = RuleSet()
        set.rules = rules.map(\.value)
        set.correlations = order.map { correlations[$0].value.rule }
        (set.files, set.filters, set.refused) = (files.count, filters.count, refused)
        let places = Dictionary(files.enumerated().map { ($1, $0) }) { first, _ in first }
        set.findings = findings.enumerated().sorted { left, right in
            (places[left.element.file] ?? 0, left.element.line, left.offset)
                < (places[right.element.file] ?? 0, right.element.line, right.offset)
        }.map(\.element)
        return set
    }

    /// A match names its rule by the identifier, so it must be one rule's.
    private mutating func refuseDoubles() {
        var ids: [String: String] = [:]
        var names: [String: String] = [:]
        func fault(_ id: String, _ name: String?, _ place: String, _ line: Int) -> RuleFault? {
            if let other = ids[id] {
                return RuleFault(line, "The rule has the identifier “\(id)” of \(other).", .identification)
            }
            if let name, let other = names[name] {
                return RuleFault(line, "The rule has the name “\(name)” of \(other).", .name)
            }
            ids[id] = place
            if let name { names[name] = place }
            return nil
        }
        var kept: [Placed<SigmaRule>] = []
        for rule in rules {
            let found = fault(rule.value.id, rule.value.name, "\(rule.file):\(rule.line)", rule.line)
            if let found { note(.fault, found, rule.file, rule.value.id) } else { kept.append(rule) }
        }
        rules = kept
        var keptCorrelations: [Placed<CorrelationDocument>] = []
        for rule in correlations {
            let found = fault(rule.value.rule.id, rule.value.rule.name, "\(rule.file):\(rule.line)", rule.line)
            if let found {
                note(.fault, found, rule.file, rule.value.rule.id)
            } else {
                keptCorrelations.append(rule)
            }
        }
        correlations = keptCorrelations
    }

    private mutating func warnOfLevels() {
        let inner = Set(correlations.flatMap(\.value.rule.rules))
        for (id, file, line) in levelless where !inner.contains(id) {
            let reason = "The rule has no level and counts as informational, which never alerts."
            note(.warning, RuleFault(line, reason, .level), file, id)
        }
    }
}
