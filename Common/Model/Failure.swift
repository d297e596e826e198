/// An error that a person can act on. Every module has one conforming struct; one place maps codes to RFC 9457 problem details.
///
/// A message never holds a secret, and says what is wrong, where, and what to do.
package protocol ActionableError: Error, Sendable, CustomStringConvertible {
    /// Stable, for programs: `area.reason`, as `order.expired`.
    var code: String { get }
    /// One sentence for people: what is wrong and where.
    var message: String { get }
    /// One sentence for people: what to do about it; empty when there is nothing to do.
    var remedy: String { get }
}

extension ActionableError {
    package var description: String { remedy.isEmpty ? "\(message) [\(code)]" : "\(message) \(remedy) [\(code)]" }
}
