internal import Crypto

/// One-time codes with which anybody at this host may end an isolation: kept as slow hashes, each good once.
package struct ReleaseCodes: Sendable, Equatable {
    /// One salt for all: a guess is hashed once, however many codes there are.
    let salt: [UInt8]
    /// Of those that nobody has used.
    var hashes: [[UInt8]]

    /// Codes that there may be at one time.
    package static let most = 32
    /// What a guess costs whoever reads the hashes; the codes themselves have 80 bits.
    private static let rounds = 100_000
    /// Crockford's base 32: no I, L, O or U.
    private static let letters = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// New codes, and what is kept of them. Slow.
    static func make(_ count: Int) -> (codes: [String], kept: ReleaseCodes) {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        let codes = (0..<min(max(count, 1), most)).map { _ in
            (0..<4).map { _ in
                String(decoding: (0..<4).map { _ in letters[Int.random(in: 0..<32, using: &random)] }, as: UTF8.self)
            }.joined(separator: "-")
        }
        return (codes, ReleaseCodes(salt: salt, hashes: codes.map { hash($0, salt: salt) }))
    }

    /// What is kept of a code as somebody typed it. Slow.
    static func hash(_ code: String, salt: [UInt8]) -> [UInt8] {
        let read = code.utf8.prefix(64).compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "o"), UInt8(ascii: "O"): UInt8(ascii: "0")
            case UInt8(ascii: "i"), UInt8(ascii: "I"), UInt8(ascii: "l"), UInt8(ascii: "L"): UInt8(ascii: "1")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            default: byte
            }
        }
        return slow(read, salt: salt, rounds: rounds)
    }

    /// PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2), one block.
    static func slow(_ secret: [UInt8], salt: [UInt8], rounds: Int) -> [UInt8] {
        let key = SymmetricKey(data: secret)
        var block = Array(HMAC<SHA256>.authenticationCode(for: salt + [0, 0, 0, 1], using: key))
        var sum = block
        for _ in 1..<rounds {
            block = Array(HMAC<SHA256>.authenticationCode(for: block, using: key))
            for index in sum.indices { sum[index] ^= block[index] }
        }
        return sum
    }

    /// Whether one of the codes has this hash. Takes as long for any.
    func hold(_ hash: [UInt8]) -> Bool { hashes.reduce(false) { Self.isSame($1, hash) || $0 } }

    /// Takes the code with this hash away.
    mutating func use(_ hash: [UInt8]) { hashes.removeAll { $0 == hash } }

    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// How often each user may guess: five times in a quarter of an hour.
struct CodeGuesses: Sendable {
    private static let most = 5
    private static let window: Int64 = 900_000_000_000
    /// Users that are told apart; the rest share one count.
    private static let users = 64

    private var past: [UInt32: [Int64]] = [:]

    /// Counts a guess; `false` when there are too many. `now`: nanoseconds after boot.
    mutating func take(by user: UInt32, at now: Int64) -> Bool {
        past = past.mapValues { $0.filter { now - $0 < Self.window } }.filter { !$0.value.isEmpty }
        let key = past[user] != nil || past.count < Self.users ? user : .max
        guard past[key, default: []].count < Self.most else { return false }
        past[key, default: []].append(now)
        return true
    }

    /// Whoever was right starts anew.
    mutating func forget(_ user: UInt32) { past[user] = nil }
}
