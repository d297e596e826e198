internal import CordonModel

/// What an administrator can set of the fleet and its link.
package struct FleetSettings: Sendable {
    /// How many agents a second the controller takes back after all have dropped; sets the window they spread over.
    package var acceptRate = 100
    /// How many hosts may enrol in a second; bursts of twice as many.
    package var enrolmentsPerSecond = 50
    /// How long a certificate is good for.
    package var certificateLifetime: Duration = .seconds(30 * 86_400)
    /// How long the old certificate is still taken after a renewal, unless the new one is used before.
    package var renewalGrace: Duration = .seconds(86_400)
    /// How long after its expiry an order that a host has, and did not answer, becomes `unknown`.
    package var answerGrace: Duration = .seconds(60)
    /// The server's ping after silence.
    package var keepaliveInterval: Duration = .seconds(12)
    /// How long a ping may go unanswered; then the connection is cut.
    package var keepaliveTimeout: Duration = .seconds(10)
    /// How long a hunt that is over is kept, with what it found.
    package var huntRetention: Duration = .seconds(90 * 86_400)
    /// How long evidence is kept.
    package var evidenceRetention: Duration = .seconds(365 * 86_400)
    /// Bytes that all evidence may have; what would be more stays with its host until there is room.
    package var evidenceBytes: Int64 = 50 << 30
    /// The longest that a connection lives; the true age is drawn between half of it and it.
    package var connectionAge: Duration = .seconds(86_400)
    /// How long a connection may take for its TLS handshake, and a stranger for enrolling.
    package var strangerPatience: Duration = .seconds(15)

    package init() {}
}
