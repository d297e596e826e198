internal import Crypto
internal import Glibc

/// Reading files that somebody else wrote: never a device or a pipe, never more than is asked for.
enum SmallFile {
    /// At most so many bytes; empty when it cannot be read. For files of /proc too, whose size is not known before.
    static func bytes(_ path: String, most: Int = 1 << 20) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        guard isRegular(descriptor) else { return [] }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while all.count < most {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            all += buffer.prefix(min(count, most - all.count))
        }
        return all
    }

    static func text(_ path: String, most: Int = 1 << 20) -> String {
        String(decoding: bytes(path, most: most), as: UTF8.self)
    }

    /// Where a link leads; `nil` when it may not be read.
    static func target(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// SHA-256 of a regular file, lower-case hexadecimal; `nil` when it may not be read.
    static func hash(_ path: String, _ allowance: Allowance) throws(Allowance.Stop) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard isRegular(descriptor) else { return nil }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 262_144)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            unsafe buffer.withUnsafeBytes {
                unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            try allowance.step()
        }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private static func isRegular(_ descriptor: Int32) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The names in a folder; empty when it may not be read.
    static func names(_ folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream), names.count < 1_000_000 {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
