internal import CordonTrust
internal import GRPCCore

/// What every call but Enrol says besides the certificate.
enum LinkMetadata {
    /// The contract's version.
    static let contract: UInt32 = 1

    static func make(machine: Fingerprint) -> Metadata {
        ["cordon-machine-bin": .binary(machine.bytes), "cordon-contract": .string("\(contract)")]
    }
}
