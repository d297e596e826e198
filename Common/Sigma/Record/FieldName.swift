/// A field's name as rules spell it, with its hash: names that are known beforehand are hashed once.
package struct FieldName: Sendable, Hashable, ExpressibleByStringLiteral {
    package let text: String
    /// FNV-1a of the UTF-8. Names that collide can be chosen, so it only looks up names of rules, and equality looks at
    /// the text too.
    let code: UInt64

    package init(_ text: String) {
        self.text = text
        var code: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { code = (code ^ UInt64(byte)) &* 0x100_0000_01B3 }
        self.code = code
    }

    package init(stringLiteral text: String) { self.init(text) }

    package static func == (left: FieldName, right: FieldName) -> Bool {
        left.code == right.code && left.text == right.text
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
