internal import Glibc
internal import SystemPackage

/// A file beside a log that rotation made of it: `auth.log.1`, `auth.log-20261121`, `auth.log.2.gz`.
struct RotatedFile {
    var path: FilePath
    var number: Follower.Number
    /// Nanoseconds since the Unix epoch.
    var modified: Int64
    /// 1 for `auth.log.1` and `auth.log.1.gz`; `nil` for other names.
    var generation: Int?

    /// A file as it was at a time: what is written to it makes it another.
    struct Version: Hashable {
        var number: Follower.Number
        var modified: Int64
    }

    var version: Version { Version(number: number, modified: modified) }

    /// Files that are looked at for one log.
    static let limit = 100

    /// Whether it is compressed in a way that cannot be read.
    var isUnreadable: Bool { CompressedFile.isKnown(path) && !CompressedFile.isOne(path) }

    /// Those of a log, the newest first. Looks until nothing gets another name any more, and passes over none that was
    /// seen once: a folder that is read while names change in it may leave one out.
    static func all(of log: FilePath) -> [RotatedFile] {
        var last = list(log)
        var seen = Dictionary(last.map { ($0.number, $0) }) { first, _ in first }
        for _ in 0..<50 {
            let again = list(log)
            let isSame = again.elementsEqual(last) { $0.path == $1.path && $0.number == $1.number }
            last = again
            for file in again { seen[file.number] = file }
            if isSame { break }
        }
        return seen.values.sorted { $0.isNewer(than: $1) }
    }

    private static func list(_ log: FilePath) -> [RotatedFile] {
        guard let name = log.lastComponent?.string else { return [] }
        let folder = log.removingLastComponent()
        let names = FolderListing.names(folder.isEmpty ? "." : folder).filter { found in
            guard found.hasPrefix(name), found != name else { return false }
            // `auth.log` is not followed by `auth.login`, which is another log.
            return [".", "-", "_", "~"].contains(found.dropFirst(name.count).prefix(1))
        }
        return names.sorted().compactMap { file(folder.appending($0), suffix: $0.dropFirst(name.count)) }
    }

    private static func file(_ path: FilePath, suffix: Substring) -> RotatedFile? {
        var status = stat()
        guard unsafe stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let digits = suffix.dropFirst().prefix { $0.isASCII && $0.isNumber }
        // A date is no number of a generation.
        let isCounted =
            suffix.first == "." && digits.count < 5 && [nil, "."].contains(suffix.dropFirst(1 + digits.count).first)
        return RotatedFile(
            path: path, number: Follower.Number(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
            generation: isCounted ? Int(digits) : nil)
    }

    /// By time; where the clock's steps were too long for that, by name.
    private func isNewer(than other: RotatedFile) -> Bool {
        if modified != other.modified { return modified > other.modified }
        if let generation, let others = other.generation, generation != others { return generation < others }
        return path.string > other.path.string
    }

    /// Whether a generation is missing among the files, between the log itself and the oldest of those named.
    static func hasHole(_ files: [RotatedFile], downFrom oldest: Int) -> Bool {
        let generations = Set(files.compactMap(\.generation))
        return oldest > 1 && !(1..<oldest).allSatisfy { generations.contains($0) }
    }
}
