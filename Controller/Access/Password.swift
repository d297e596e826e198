internal import CordonModel

/// What a password may be, and how one is made.
package enum Password {
    /// Characters. NIST SP 800-63B-4 §3.1.1.2 asks for 8 at least and advises 15 where it stands alone.
    package static let shortest = 12
    /// Bytes, UTF-8.
    package static let longest = 256

    /// - Throws: ``AccessError/weakPassword``.
    static func check(_ password: String) throws(AccessError) {
        guard password.count >= shortest, password.utf8.count <= longest else { throw .weakPassword }
    }

    /// A password of 100 random bits in four groups, from letters and digits that are not mistaken for each other.
    static func make(random: @Sendable () -> UInt64) -> String {
        let alphabet = Array("abcdefghjkmnpqrstvwxyz0123456789".utf8)
        var groups: [String] = []
        for _ in 0..<4 {
            let word = random()
            let letters = (0..<5).map { alphabet[Int(truncatingIfNeeded: word >> (5 * UInt64($0)) & 31)] }
            groups.append(String(decoding: letters, as: UTF8.self))
        }
        return groups.joined(separator: "-")
    }
}
