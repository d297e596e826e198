internal import CordonModel

/// What can be wrong with a key, a certificate, a token or a signature.
package struct TrustError: ActionableError, Equatable {
    package let code: String
    package let message: String
    package let remedy: String

    package init(code: String, message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// The bytes are not a key of the kind expected.
    package static let malformedKey = TrustError(
        code: "trust.malformed_key",
        message: "The key is not 32 bytes of an Ed25519 key.",
        remedy: "Restore the key file from its backup, or make a new fleet with `cordon-controller init`."
    )
}
