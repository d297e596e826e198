/// `windash`: every dash that may begin an option, as each of the five characters (Modifiers, String Modifiers). Our
/// answer to what the text leaves open: only a dash or slash between a character that is none of a word, or the start,
/// and a word's character is one that begins an option; `/usr/bin` has one, `well-known` none.
enum Windash {
    static let dashes: [Unicode.Scalar] = ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"]

    /// All permutations, the text as it is written first.
    static func alternatives(_ text: SigmaText, most: Int) -> [SigmaText]? {
        var results = [SigmaText()]
        var before: Unicode.Scalar?
        for part in text.parts {
            guard case .literal(let literal) = part else {
                results = results.map { $0.appending(part) }
                before = nil
                continue
            }
            let scalars = Array(literal.unicodeScalars)
            for (index, scalar) in scalars.enumerated() {
                let next = index + 1 < scalars.count ? scalars[index + 1] : nil
                let begins = dashes.contains(scalar) && !isWord(before) && isWord(next)
                let choices = begins ? [scalar] + dashes.filter { $0 != scalar } : [scalar]
                guard results.count * choices.count <= most else { return nil }
                results = choices.flatMap { choice in results.map { $0.appending(.literal(String(choice))) } }
                before = scalar
            }
        }
        return results
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
    }
}
