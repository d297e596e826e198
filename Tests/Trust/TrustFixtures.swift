import CordonModel
import CordonTrust

/// An instant in the middle of the tests' world: 2026-11-21T00:00:00Z.
let noon = Timestamp(seconds: 1_795_219_200)
let day: Duration = .seconds(86_400)

let agentID = AgentID(UUIDv7(high: 0x0193_0000_0000_7000, low: 0x8000_0000_0000_0001))

/// A fleet with one agent.
struct SmallFleet {
    let authority: CertificateAuthority
    let request: CertificateRequest
    let certificate: [UInt8]

    init(_ name: String = "demo", at instant: Timestamp = noon) throws {
        authority = try CertificateAuthority(fleet: name, at: instant)
        request = try CertificateRequest()
        certificate = try authority.agentCertificate(for: request.der, agent: agentID, at: instant)
    }
}
