internal import CordonSigma

/// The attributes that rules, correlations and filters share, read from a document's map.
struct Attributes {
    let document: YamlNode
    private(set) var warnings: [RuleFault] = []

    /// - Throws: ``RuleFaults`` where the document is no rule at all.
    init(_ document: YamlNode) throws(RuleFaults) {
        guard document.map != nil else {
            let reason = "A rule is a map, not \(document.kind)."
            throw RuleFaults(all: [RuleFault(document.line, reason, .fileStructure)])
        }
        self.document = document
        if let action = document["action"] {
            let reason = "“action” is of the obsolete rule collections."
            throw RuleFaults(all: [RuleFault(action.line, reason, .fileStructure)])
        }
    }

    mutating func warn(_ line: Int, _ reason: String, _ place: SpecificationPlace) {
        warnings.append(RuleFault(line, reason, place))
    }

    // MARK: - Kinds of value

    /// A text, or what a scalar says as one; `nil` where the key is absent or null.
    func text(_ key: String, longest: Int, _ place: SpecificationPlace) throws(RuleFault) -> String? {
        guard let node = document[key] else { return nil }
        guard let scalar = node.scalar else { throw RuleFault(node.line, "“\(key)” is \(node.kind).", place) }
        guard !scalar.isNull else { return nil }
        guard scalar.text.utf16.count <= longest else {
            throw RuleFault(node.line, "“\(key)” is longer than \(longest) characters.", place)
        }
        return scalar.text
    }

    /// A list of texts; a single one is taken as a list.
    func texts(_ key: String, _ place: SpecificationPlace) throws(RuleFault) -> [String] {
        guard let node = document[key] else { return [] }
        return try Self.texts(node, key, place)
    }

    static func texts(_ node: YamlNode, _ key: String, _ place: SpecificationPlace) throws(RuleFault) -> [String] {
        if let scalar = node.scalar { return scalar.isNull ? [] : [scalar.text] }
        guard let list = node.list else { throw RuleFault(node.line, "“\(key)” is \(node.kind), no list.", place) }
        var texts: [String] = []
        for element in list {
            guard let scalar = element.scalar else {
                throw RuleFault(element.line, "“\(key)” holds \(element.kind).", place)
            }
            texts.append(scalar.text)
        }
        return texts
    }

    func line(_ key: String) -> Int { document[key]?.line ?? document.line }

    // MARK: - Attributes

    func title() throws(RuleFault) -> String {
        guard let title = try text("title", longest: 256, .title), !title.isEmpty else {
            throw RuleFault(line("title"), "The rule has no title.", .title)
        }
        return title
    }

    mutating func identifier() throws(RuleFault) -> String? {
        guard let id = try text("id", longest: 256, .identification), !id.isEmpty else { return nil }
        if !Self.isUUID(id) { warn(line("id"), "“\(id)” is no UUID.", .identification) }
        return id
    }

    func name() throws(RuleFault) -> String? { try text("name", longest: 256, .name) }

    /// The authors; a list, which the specification does not have, is joined.
    func author() throws(RuleFault) -> String? {
        guard document["author"]?.list != nil else { return try text("author", longest: 65_535, .author) }
        return try texts("author", .author).joined(separator: ", ")
    }

    /// Refuses other taxonomies: their names would be compared with the wrong fields.
    func checkTaxonomy() throws(RuleFault) {
        guard let taxonomy = try text("taxonomy", longest: 256, .taxonomy), taxonomy != "sigma" else { return }
        throw RuleFault(
            line("taxonomy"), "The taxonomy “\(taxonomy.prefix(64))” is not known; “sigma” is.", .taxonomy)
    }

    /// Version 2.0.0 dropped the form with slashes.
    func checkDates() throws(RuleFault) {
        for key in ["date", "modified"] {
            guard let date = try text(key, longest: 256, .dates), !Self.isDate(date) else { continue }
            throw RuleFault(line(key), "“\(key)” is no date as YYYY-MM-DD: “\(date.prefix(64))”.", .dates)
        }
    }

    mutating func status() throws(RuleFault) -> SigmaRule.Status? {
        guard let text = try text("status", longest: 256, .status) else { return nil }
        guard let status = SigmaRule.Status(rawValue: text) else {
            throw RuleFault(line("status"), "There is no status “\(text.prefix(64))”.", .status)
        }
        if status == .unsupported {
            throw RuleFault(line("status"), "The rule says that it cannot be used: it is unsupported.", .status)
        }
        if status == .deprecated { warn(line("status"), "The rule is deprecated: another one covers it.", .status) }
        return status
    }

    func level() throws(RuleFault) -> SigmaRule.Level? {
        guard let text = try text("level", longest: 256, .level) else { return nil }
        guard let level = SigmaRule.Level(rawValue: text) else {
            throw RuleFault(line("level"), "There is no level “\(text.prefix(64))”.", .level)
        }
        return level
    }

    mutating func logSource() throws(RuleFault) -> LogSource {
        guard let node = document["logsource"] else {
            throw RuleFault(document.line, "The rule has no log source.", .logSource)
        }
        guard node.map != nil else {
            throw RuleFault(node.line, "A log source is a map, not \(node.kind).", .logSource)
        }
        let logSource = LogSource(
            product: try part("product", of: node), category: try part("category", of: node),
            service: try part("service", of: node))
        guard logSource != LogSource() else {
            throw RuleFault(node.line, "The log source names no product, category or service.", .logSource)
        }
        return logSource
    }

    private mutating func part(_ key: String, of node: YamlNode) throws(RuleFault) -> String? {
        guard let value = node[key] else { return nil }
        guard let scalar = value.scalar else {
            throw RuleFault(value.line, "“\(key)” of the log source is \(value.kind).", .logSource)
        }
        guard !scalar.isNull, !scalar.text.isEmpty else { return nil }
        let lowered = scalar.text.lowercased()
        if lowered != scalar.text { warn(value.line, "“\(key)” of a log source is in lower case.", .logSource) }
        return lowered
    }

    // MARK: - Forms

    private static func isUUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy(\.isHexDigit)
    }

    private static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], let month = Int(parts[1]), let day = Int(parts[2]),
            Int(parts[0]) != nil
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }
}
