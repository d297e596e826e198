internal import CordonModel
internal import Crypto

/// Bearer secrets: 256 random bits behind a prefix that tells people and scanners what they found.
enum Secret {
    static let sessionPrefix = "cordonsession_"
    static let tokenPrefix = "cordonapi_"

    /// A new secret.
    static func make(prefix: String, random: @Sendable () -> UInt64) -> String {
        let words = (0..<4).map { _ in random() }
        return prefix
            + HexDigit.text(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } })
    }

    /// Whether the text has the form of one of our secrets; anything else is refused before any look-up.
    static func isWellFormed(_ text: String, prefix: String) -> Bool {
        text.utf8.count == prefix.utf8.count + 64 && text.hasPrefix(prefix)
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { HexDigit.value($0) != nil }
    }

    /// What is stored of it. No salt or stretching: 256 random bits cannot be guessed.
    static func hash(_ secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// The token that forms carry: derived, so that nothing more need be stored, and useless for signing in.
    static func formToken(of secret: String) -> String {
        let key = SymmetricKey(data: Array(secret.utf8))
        return HexDigit.text(HMAC<SHA256>.authenticationCode(for: Array("cordon/form/v1".utf8), using: key))
    }
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
package func equalsInConstantTime(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
