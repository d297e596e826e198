/// A value of a YAML document, and where it stands.
struct YamlNode: Sendable {
    /// From 1.
    let line: Int
    let content: Content

    enum Content: Sendable {
        case scalar(Scalar)
        case list([YamlNode])
        /// In the order of writing; no key stands twice.
        case map([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let line: Int
        let value: YamlNode
    }

    /// A text with what it means by itself. Only plain scalars can mean something else than text (YAML 1.2, core schema).
    struct Scalar: Sendable {
        let text: String
        let isPlain: Bool
    }

    var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    var list: [YamlNode]? { if case .list(let list) = content { list } else { nil } }
    var map: [Entry]? { if case .map(let map) = content { map } else { nil } }

    /// `nil` too where it is no map.
    subscript(key: String) -> YamlNode? { map?.first { $0.key == key }?.value }

    /// For messages.
    var kind: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "null" : "a scalar"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

extension YamlNode.Scalar {
    var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }

    var flag: Bool? {
        guard isPlain else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// A decimal number; infinities and other bases stay text.
    var number: Double? {
        guard isPlain, text.utf8.count <= 64, let last = text.utf8.last, (0x30...0x39).contains(last),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
            let number = Double(text), number.isFinite
        else { return nil }
        return number
    }

    /// A decimal whole number.
    var integer: Int? { isPlain ? Int(text) : nil }
}
