internal import Crypto

/// SHA-256 of bytes that come piece by piece, such as those of a file that is too large to be held.
package struct StreamDigest {
    private var hash = SHA256()

    package init() {}

    /// Takes the next bytes.
    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    }

    /// The 32 bytes over all that was taken so far.
    package var value: [UInt8] { Array(hash.finalize()) }
}
