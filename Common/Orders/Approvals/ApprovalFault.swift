/// Why something is no approval, or no passkey, as the rest of a sentence.
package struct ApprovalFault: Error, Sendable, Hashable {
    /// `its signature is not valid`
    package let why: String

    init(_ why: String) { self.why = why }
}
