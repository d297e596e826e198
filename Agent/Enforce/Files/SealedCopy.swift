internal import CordonTrust

/// The form in which a file is kept: a line of text, then every byte xored with one number.
///
/// This hides nothing from anybody. It is so that the kernel finds neither `#!` nor ELF at the beginning, whatever mode
/// the copy may get, and that a scanner finds no signature in it and takes the evidence away.
enum SealedCopy {
    static let header = Array("CORDON QUARANTINE 1: bytes xor 0xA5\n".utf8)
    private static let mask: UInt8 = 0xA5
    private static let chunk = 1 << 18

    /// What was read of a file.
    struct Sum: Equatable {
        var sha256: [UInt8]
        var size: Int64
    }

    /// Reads the file to its end. Throws a `Refusal` when it is larger than the limit.
    static func sum(of file: Descriptor, limit: Int64, _ path: String) throws -> Sum {
        try read(file, from: 0, limit: limit, path) { _, _ in }
    }

    /// Reads the file to its end, and writes it sealed; the copy is on the disk when it returns.
    static func seal(_ file: Descriptor, into copy: Descriptor, limit: Int64, _ path: String) throws -> Sum {
        let what = "the kept copy of \(path)"
        try copy.write(header[...], at: 0, what)
        let sum = try read(file, from: 0, limit: limit, path) { bytes, offset in
            try copy.write(masked(bytes)[...], at: Int64(header.count) + offset, what)
        }
        try copy.sync(what)
        return sum
    }

    /// What a sealed copy holds, when it is one.
    static func sum(ofSealed copy: Descriptor, limit: Int64, _ path: String) throws -> Sum? {
        guard try isSealed(copy, path) else { return nil }
        var digest = StreamDigest()
        var size: Int64 = 0
        _ = try read(copy, from: Int64(header.count), limit: limit, path) { bytes, _ in
            digest.update(masked(bytes)[...])
            size += Int64(bytes.count)
        }
        return Sum(sha256: digest.value, size: size)
    }

    /// Writes the bytes as they were; returns what they are.
    static func unseal(_ copy: Descriptor, into file: Descriptor, limit: Int64, _ path: String) throws -> Sum? {
        guard try isSealed(copy, path) else { return nil }
        var digest = StreamDigest()
        var size: Int64 = 0
        _ = try read(copy, from: Int64(header.count), limit: limit, path) { bytes, offset in
            let plain = masked(bytes)
            digest.update(plain[...])
            try file.write(plain[...], at: offset, path)
            size = offset + Int64(plain.count)
        }
        return Sum(sha256: digest.value, size: size)
    }

    private static func isSealed(_ copy: Descriptor, _ path: String) throws -> Bool {
        var start = [UInt8](repeating: 0, count: header.count)
        return try copy.read(at: 0, into: &start, path) == header[...]
    }

    private static func masked(_ bytes: ArraySlice<UInt8>) -> [UInt8] { bytes.map { $0 ^ mask } }

    /// Hands the bytes from the place on to the closure, with their distance from it; sums them.
    private static func read(
        _ file: Descriptor, from start: Int64, limit: Int64, _ path: String,
        _ take: (ArraySlice<UInt8>, Int64) throws -> Void
    ) throws -> Sum {
        var digest = StreamDigest()
        var buffer = [UInt8](repeating: 0, count: chunk)
        var size: Int64 = 0
        while true {
            let bytes = try file.read(at: start + size, into: &buffer, path)
            if bytes.isEmpty { return Sum(sha256: digest.value, size: size) }
            guard size + Int64(bytes.count) <= limit else {
                throw Refusal("built-in: file size", "\(path) has more than \(limit) bytes.")
            }
            digest.update(bytes)
            try take(bytes, size)
            size += Int64(bytes.count)
        }
    }
}
