/// What a fleet may be called: it is the trust domain of SPIFFE identifiers (SPIFFE-ID §2.1) and stands in certificates.
package enum FleetName {
    /// Throws `trust.fleet_name` unless it is 1 to 63 of `a-z 0-9 . -` with a letter or digit at both ends.
    package static func check(_ name: String) throws(TrustError) {
        let bytes = Array(name.utf8)
        let isOuter = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let isInner = { (byte: UInt8) in isOuter(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") }
        guard (1...63).contains(bytes.count), let first = bytes.first, let last = bytes.last, isOuter(first),
            isOuter(last),
            bytes.allSatisfy(isInner)
        else { throw .badFleetName(name) }
    }
}
