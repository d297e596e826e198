import CordonModel
import Glibc
import SystemPackage

/// Reads the seeds of `Tests/Fuzz/Seeds/NAME`: of a file `*.lines` every line is one, of `*.hex` the bytes that its
/// hexadecimal digits spell, any other file is one as it is.
enum SeedFiles {
    static func read(_ folder: String) throws -> [[UInt8]] {
        try names(folder).flatMap { name in
            let bytes = try contents("\(folder)/\(name)")
            if name.hasSuffix(".lines") { return bytes.split(separator: 0x0A).map { Array($0) } }
            if name.hasSuffix(".hex") { return [try decoded(bytes, name)] }
            return [bytes]
        }
    }

    /// Names of files and folders, in order; none where there is no such folder.
    static func names(_ folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func contents(_ path: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += buffer[..<count]
            }
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let options: FileDescriptor.OpenOptions = [.create, .truncate]
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: options, permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    private static func decoded(_ text: [UInt8], _ name: String) throws -> [UInt8] {
        let digits = text.filter { $0 > 0x20 }.map { HexDigit.value($0) }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else {
            throw Untrue(description: "\(name) is not made of pairs of hexadecimal digits")
        }
        let values = digits.compactMap(\.self)
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

extension FuzzEntry {
    /// Its seeds: those in its folder of the folder, and those that it makes.
    func seeds(in folder: String) throws -> [[UInt8]] { try SeedFiles.read("\(folder)/\(name)") + made() }
}
