internal import CordonModel
internal import Crypto

/// SHA-256 of a certificate's DER, a public key or a machine-id: how things are pinned and told apart.
package struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    package let bytes: [UInt8]

    /// The fingerprint of these bytes.
    package init(of content: [UInt8]) { bytes = Array(SHA256.hash(data: content)) }

    /// A fingerprint made elsewhere; `nil` unless it is 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads 64 hexadecimal characters; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let bytes = HexDigit.bytes(text), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal characters.
    package var description: String { HexDigit.text(bytes) }

    /// The fingerprint of a machine, of the text of `/etc/machine-id`: the identifier itself stays on the host.
    package static func machine(machineID: String) -> Fingerprint {
        Fingerprint(of: Array("cordon/machine/v1".utf8) + [0] + Array(machineID.utf8))
    }
}
