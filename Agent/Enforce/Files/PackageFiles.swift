internal import Glibc

/// Which Debian package a file belongs to, as dpkg's own lists say: `info/NAME.list` and `diversions`.
///
/// A list may call a file by a path through a link, such as `/bin/sh` where `/bin` is a link to `usr/bin`: paths are
/// compared by where their folders really are.
package struct PackageFiles: Sendable {
    private let folder: String
    /// Most bytes of one list. The longest on a large Debian host has about 2 MB.
    private static let listLimit = 32 << 20
    private static let mostLists = 100_000

    /// - Parameter folder: Where dpkg keeps its lists; root's.
    package init(folder: String = "/var/lib/dpkg") { self.folder = folder }

    /// The packages that own the path, by name (`libc6:amd64` where there are several architectures), sorted; empty when
    /// none does, `nil` where there is no dpkg.
    /// - Parameter path: Absolute, and without links, as the quarantine wants it.
    /// - Throws: `packages.unreadable` when not all lists can be read: then nobody knows.
    package func owners(of path: String) throws -> [String]? {
        let info = folder + "/info"
        guard unsafe access(info, F_OK) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw Self.unreadable(info) }
            return nil
        }
        // Sought once for the path itself, and once for each path whose file a diversion has put there.
        let diversions = try diversions()
        let away = diversions.filter { Self.isSame($0.path, path) && $0.package != ":" }
        let here = diversions.filter { Self.isSame($0.to, path) }
        let wanted = [path] + here.map(\.path)
        let names = TextFile.names(in: info).filter { $0.hasSuffix(".list") }
        guard !names.isEmpty, names.count <= Self.mostLists else { throw Self.unreadable(info) }
        var owners: Set<String> = []
        for name in names {
            let package = String(name.dropLast(5))
            for line in try Self.lines(of: "\(info)/\(name)", naming: wanted) {
                let isDiverted =
                    !here.isEmpty && here.contains { Self.isSame($0.path, line) && $0.package != bare(package) }
                // What others have at this path was put elsewhere, but for the package that diverts them.
                let isItself = Self.isSame(line, path) && away.allSatisfy { $0.package == bare(package) }
                if isDiverted || isItself { owners.insert(package) }
            }
        }
        return owners.sorted()
    }

    /// The name without the architecture, as diversions give it.
    private func bare(_ package: String) -> String { String(package.prefix { $0 != ":" }) }

    private struct Diversion {
        let path: String
        let to: String
        /// Whose file stays at the path; `:` for the administrator's.
        let package: String
    }

    private func diversions() throws -> [Diversion] {
        let file = folder + "/diversions"
        guard unsafe access(file, F_OK) == 0 else { return [] }
        let lines = try Self.bytes(of: file).split(separator: UInt8(ascii: "\n")).map {
            String(decoding: $0, as: UTF8.self)
        }
        return stride(from: 0, to: lines.count - lines.count % 3, by: 3).map {
            Diversion(path: lines[$0], to: lines[$0 + 1], package: lines[$0 + 2])
        }
    }

    /// The lines of a list that end in the last part of one of the paths.
    private static func lines(of list: String, naming paths: [String]) throws -> [String] {
        let endings = paths.map { Array($0[($0.lastIndex(of: "/") ?? $0.startIndex)...].utf8) }
        var lines: [String] = []
        try unsafe bytes(of: list).withUnsafeBytes { bytes in
            guard var line = bytes.baseAddress else { return }
            let end = unsafe line + bytes.count
            while unsafe line < end {
                let next = unsafe memchr(line, 10, end - line).map { UnsafeRawPointer($0) } ?? end
                let count = unsafe next - line
                for ending in endings where ending.count <= count {
                    guard unsafe memcmp(next - ending.count, ending, ending.count) == 0 else { continue }
                    lines.append(
                        unsafe String(decoding: UnsafeRawBufferPointer(start: line, count: count), as: UTF8.self))
                }
                unsafe line = next + 1
            }
        }
        return lines
    }

    private static func bytes(of file: String) throws -> [UInt8] {
        guard let bytes = TextFile.bytes(file, limit: listLimit), bytes.count < listLimit else {
            throw unreadable(file)
        }
        return bytes
    }

    private static func unreadable(_ file: String) -> EnforceError {
        EnforceError(
            "packages.unreadable", "\(file) cannot be read whole: which package owns a file is not known.",
            remedy: "Check it with `dpkg --audit`.")
    }

    /// Whether two paths are one: the same last part, in the same folder.
    private static func isSame(_ listed: String, _ path: String) -> Bool {
        if listed == path { return true }
        guard let slash = listed.lastIndex(of: "/"), let other = path.lastIndex(of: "/"),
            listed[slash...] == path[other...]
        else { return false }
        let folder = slash == listed.startIndex ? "/" : String(listed[..<slash])
        guard let real = unsafe realpath(folder, nil) else { return false }
        defer { unsafe free(real) }
        let found = unsafe String(cString: real)
        return (found == "/" ? "" : found) + listed[slash...] == path
    }
}
