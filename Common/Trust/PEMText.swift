internal import SwiftASN1

/// PEM blocks (RFC 7468) of any kind, for files that hold several.
package enum PEMText {
    /// The bytes of the first block of that kind.
    package static func block(_ kind: String, in text: String) throws(TrustError) -> [UInt8] {
        guard let first = try blocks(kind, in: text).first else {
            throw .malformedCertificate("there is no \(kind) block in the PEM text")
        }
        return first
    }

    /// The bytes of all blocks of that kind, in order, of a text of at most 64 KiB.
    package static func blocks(_ kind: String, in text: String) throws(TrustError) -> [[UInt8]] {
        guard text.utf8.count <= KeyFile.limit else {
            throw .malformedCertificate("the PEM text is longer than 64 KiB")
        }
        do {
            return try PEMDocument.parseMultiple(pemString: text).filter { $0.discriminator == kind }.map(\.derBytes)
        } catch {
            throw .malformedCertificate("the text is not PEM")
        }
    }

    /// One block, with a line end after it.
    package static func text(_ bytes: [UInt8], kind: String) -> String {
        PEMDocument(type: kind, derBytes: bytes).pemString + "\n"
    }
}
