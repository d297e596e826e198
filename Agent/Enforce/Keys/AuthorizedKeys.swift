internal import CordonTrust
internal import FoundationEssentials

/// The lines of an authorized_keys file (sshd(8)), as bytes: what is not understood stays as it is.
struct AuthorizedKeys: Equatable {
    /// Without their ends; the last is empty where the file ends with a line's end.
    var lines: [[UInt8]]

    init(_ bytes: [UInt8]) {
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
    }

    var bytes: [UInt8] { Array(lines.joined(separator: [UInt8(ascii: "\n")])) }

    /// Which lines hold the key of that SHA-256.
    func indices(of digest: [UInt8]) -> [Int] {
        lines.indices.filter { Self.digest(of: lines[$0][...]) == digest }
    }

    /// SHA-256 of a line's key; `nil` for a line without one. As sshd reads it: a key, or options and then a key.
    static func digest(of line: ArraySlice<UInt8>) -> [UInt8]? {
        let line = line.drop(while: isBlank)
        guard let first = line.first, first != UInt8(ascii: "#") else { return nil }
        return key(line) ?? key(afterOptions(line))
    }

    /// Behind the first blank that is not between quotes.
    private static func afterOptions(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var (isQuoted, isEscaped) = (false, false)
        for index in line.indices {
            let byte = line[index]
            if isBlank(byte), !isQuoted { return line[index...].drop(while: isBlank) }
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        return []
    }

    /// A type's name, blanks, and in base64 what begins with the same name behind its length.
    private static func key(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let type = text.prefix { !isBlank($0) }
        let coded = text.dropFirst(type.count).drop(while: isBlank).prefix { !isBlank($0) }
        guard !type.isEmpty, type.count <= 64, let blob = Data(base64Encoded: Data(coded)).map({ [UInt8]($0) }),
            blob.count > 4 + type.count, blob[..<4].elementsEqual([0, 0, 0, UInt8(type.count)]),
            blob[4..<4 + type.count].elementsEqual(type)
        else { return nil }
        return Fingerprint(of: blob).bytes
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    /// The 32 bytes of `SHA256:…`; `nil` for anything else.
    static func digest(ofFingerprint text: String) -> [UInt8]? {
        guard text.hasPrefix("SHA256:"), let bytes = Data(base64Encoded: text.dropFirst(7) + "="), bytes.count == 32
        else { return nil }
        return [UInt8](bytes)
    }
}
