internal import CordonModel
internal import CryptoExtras
internal import Dispatch
internal import FoundationEssentials
internal import Synchronization

/// scrypt (RFC 7914) on a thread of its own, one at a time: a check takes memory and a good part of a second, and the
/// cooperative pool has few threads.
package final class PasswordHasher: Sendable {
    /// What one check costs. `128 · N · r` bytes of memory, `N · r · p` of work.
    package struct Cost: Sendable, Hashable {
        /// log2 of N.
        package var logN: Int
        package var r: Int
        package var p: Int

        package init(logN: Int, r: Int, p: Int) {
            self.logN = logN
            self.r = r
            self.p = p
        }

        /// N = 2^15, r = 8, p = 3: 32 MiB a check, as hard as N = 2^17 with p = 1 by the OWASP Password Storage Cheat
        /// Sheet, and it fits a small controller.
        package static let standard = Cost(logN: 15, r: 8, p: 3)
    }

    private let cost: Cost
    private let queue = DispatchQueue(label: "cordon.password")
    private let waiting = Mutex(0)
    /// Checks that may wait; more are turned away instead of piling up.
    private let mostWaiting = 16

    package init(cost: Cost = .standard) { self.cost = cost }

    /// The password's hash as `$scrypt$ln=15,r=8,p=3$SALT$HASH` (PHC string format, hex instead of base64).
    package func hash(_ password: String, salt: [UInt8]) async throws -> String {
        let derived = try await derive(password, salt: salt, cost: cost)
        return "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(HexDigit.text(salt))$\(HexDigit.text(derived))"
    }

    /// Whether the password is the one hashed. Without a hash (no such user) the same work is done and the answer is no.
    package func verify(_ password: String, against hash: String?) async throws -> Bool {
        guard let stored = hash.flatMap(StoredHash.init) else {
            _ = try await derive(password, salt: [UInt8](repeating: 0, count: 16), cost: cost)
            return false
        }
        let derived = try await derive(password, salt: stored.salt, cost: stored.cost)
        return equalsInConstantTime(HexDigit.text(derived), HexDigit.text(stored.hash))
    }

    private func derive(_ password: String, salt: [UInt8], cost: Cost) async throws -> [UInt8] {
        try waiting.withLock { waiting in
            guard waiting < mostWaiting else { throw AccessError.busy }
            waiting += 1
        }
        defer { waiting.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try Self.scrypt(password, salt: salt, cost: cost) }) }
        }
    }

    private static func scrypt(_ password: String, salt: [UInt8], cost: Cost) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            from: Array(password.utf8),
            salt: salt,
            outputByteCount: 32,
            rounds: 1 << cost.logN,
            blockSize: cost.r,
            parallelism: cost.p,
            maxMemory: 256 << 20
        )
        return unsafe key.withUnsafeBytes { unsafe Array($0) }
    }
}

/// A hash as it stands in the store.
private struct StoredHash {
    let cost: PasswordHasher.Cost
    let salt: [UInt8]
    let hash: [UInt8]

    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = HexDigit.bytes(parts[3]),
            let hash = HexDigit.bytes(parts[4]), hash.count == 32
        else { return nil }
        let numbers = parts[2].split(separator: ",").map { $0.split(separator: "=").last.flatMap { Int($0) } ?? 0 }
        guard numbers.count == 3, (10...20).contains(numbers[0]), (1...32).contains(numbers[1]),
            (1...16).contains(numbers[2])
        else { return nil }
        cost = PasswordHasher.Cost(logN: numbers[0], r: numbers[1], p: numbers[2])
        self.salt = salt
        self.hash = hash
    }
}
