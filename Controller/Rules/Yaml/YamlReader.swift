internal import Yams

/// Reads the documents of a rule file. The file is hostile: what it may cost is bounded before anything is composed.
struct YamlReader {
    struct Limits: Sendable {
        /// Bytes of a file.
        var bytes = 1 << 20
        /// Maps and lists inside each other.
        var depth = 32
        /// Values and keys of a file, aliases written out.
        var nodes = 200_000
        var documents = 1000
        /// Aliases of a file, and the bytes of a file that has any: aliases of aliases multiply.
        var aliases = 16
        var aliasedBytes = 16 << 10
    }

    var limits = Limits()
    private var nodes = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// The documents, empty ones left out, and the fault that ended reading, if any.
    mutating func documents(_ bytes: [UInt8]) -> (documents: [YamlNode], fault: RuleFault?) {
        var documents: [YamlNode] = []
        do {
            let text = try checked(bytes)
            // Without a resolver of types: it costs, and knows YAML 1.1 only.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            while let root = try parser.nextRoot() {
                guard documents.count < limits.documents else {
                    throw RuleFault(0, "The file has more than \(limits.documents) documents.", .limits)
                }
                let document = try node(root, depth: 0)
                if document.scalar?.isNull != true { documents.append(document) }
            }
            return (documents, nil)
        } catch let fault as RuleFault {
            return (documents, fault)
        } catch {
            return (documents, Self.fault(error))
        }
    }

    private func checked(_ bytes: [UInt8]) throws(RuleFault) -> String {
        guard bytes.count <= limits.bytes else {
            throw RuleFault(0, "The file is larger than \(limits.bytes) bytes.", .limits)
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw RuleFault(0, "The file is not UTF-8.", .yaml)
        }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        let aliases = Self.aliases(bytes)
        guard aliases <= limits.aliases, aliases == 0 || bytes.count <= limits.aliasedBytes else {
            throw RuleFault(0, "The file has too many aliases.", .limits)
        }
        return text
    }

    /// At least as many as there are: every `*name` for which there is an `&name`, wherever they stand.
    private static func aliases(_ bytes: [UInt8]) -> Int {
        guard bytes.contains(UInt8(ascii: "&")), bytes.contains(UInt8(ascii: "*")) else { return 0 }
        let anchors = Set(names(after: UInt8(ascii: "&"), in: bytes))
        return names(after: UInt8(ascii: "*"), in: bytes).count(where: anchors.contains)
    }

    private static func names(after sign: UInt8, in bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.indices.lazy.filter { bytes[$0] == sign }.compactMap { start in
            let name = bytes[(start + 1)...].prefix {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
                    || $0 == 0x2D
            }
            return name.isEmpty ? nil : name
        }
    }

    // MARK: - Trees

    private mutating func node(_ node: Node, depth: Int) throws(RuleFault) -> YamlNode {
        let line = node.mark?.line ?? 0
        nodes += 1
        guard nodes <= limits.nodes else {
            throw RuleFault(line, "The file has more than \(limits.nodes) values.", .limits)
        }
        guard depth <= limits.depth else {
            throw RuleFault(line, "Values stand more than \(limits.depth) deep in each other.", .limits)
        }
        switch node {
        case .scalar(let scalar): return YamlNode(line: line, content: .scalar(try Self.scalar(scalar, line)))
        case .sequence(let sequence):
            var list: [YamlNode] = []
            for element in sequence { list.append(try self.node(element, depth: depth + 1)) }
            return YamlNode(line: line, content: .list(list))
        case .mapping(let mapping):
            var entries: [YamlNode.Entry] = []
            for (key, value) in mapping {
                entries.append(try entry(key, value, line, depth))
            }
            return YamlNode(line: line, content: .map(entries))
        case .alias: throw RuleFault(line, "An alias names nothing.", .yaml)
        }
    }

    private mutating func entry(
        _ key: Node, _ value: Node, _ line: Int, _ depth: Int
    ) throws(RuleFault) -> YamlNode.Entry {
        let place = key.mark?.line ?? line
        guard case .scalar(let scalar) = key else { throw RuleFault(place, "A key is no text.", .yaml) }
        guard scalar.string != "<<" else {
            throw RuleFault(place, "YAML 1.2 has no merge key “<<”; write the entries out.", .yaml)
        }
        return YamlNode.Entry(key: scalar.string, line: place, value: try node(value, depth: depth + 1))
    }

    private static func scalar(_ scalar: Node.Scalar, _ line: Int) throws(RuleFault) -> YamlNode.Scalar {
        switch scalar.tag.description {
        case Tag.Name.implicit.rawValue:
            return YamlNode.Scalar(text: scalar.string, isPlain: scalar.style == .plain)
        case Tag.Name.str.rawValue: return YamlNode.Scalar(text: scalar.string, isPlain: false)
        default: throw RuleFault(line, "A rule takes no YAML tags.", .yaml)
        }
    }

    // MARK: - Faults

    private static func fault(_ error: any Error) -> RuleFault {
        guard let error = error as? YamlError else { return RuleFault(0, "The file is no YAML.", .yaml) }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return RuleFault(mark.line, "The file is no YAML: \(problem).", .yaml)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.prefix(3).map { "“\($0.prefix(100))”" }.joined(separator: ", ")
            return RuleFault(context.mark.line, "A key stands twice: \(names).", .yaml)
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.prefix(offset ?? 0).utf8
            return RuleFault(1 + before.count { $0 == 0x0A }, "The file is no YAML: \(problem).", .yaml)
        case .memory: return RuleFault(0, "There is no memory for the file.", .limits)
        default: return RuleFault(0, "The file is no YAML.", .yaml)
        }
    }
}
