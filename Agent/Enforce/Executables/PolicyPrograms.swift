internal import CordonModel
internal import Glibc

/// Programs that the policy's `protected_processes` mean, as they are found on this host: those that run, and those that are
/// installed where programs are. A content that one of them holds is not kept from starting. Only what nobody but root can
/// have put there counts: anybody else could give what is to be blocked a protected name.
struct PolicyPrograms {
    private let policy: LocalPolicy

    /// Files that are looked at of those that run, and of those that are installed; names of a folder.
    private static let most = 256
    private static let mostNames = 20_000
    private static let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]

    init(_ policy: LocalPolicy) { self.policy = policy }

    /// The first pattern that means the program, by its path or, for one without a slash, by its name.
    static func pattern(of path: String, in patterns: [String]) -> String? {
        let name =
            path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? path
        return patterns.first { Glob.matches($0, $0.contains("/") ? path : name) }
    }

    /// Throws when one of them holds that.
    func check(_ digest: String) throws {
        let patterns = policy.protectedProcesses.value
        guard !patterns.isEmpty else { return }
        var seen: Set<FileKey> = []
        for (path, way) in installed(patterns) + running(patterns) {
            guard
                let file = try? Descriptor(
                    unsafe open(way, O_RDONLY | O_CLOEXEC | O_NONBLOCK), or: { EnforceError.file("open", path, $0) }),
                let status = FileStatus(descriptor: file.number), status.isRegular, SparedPrograms.isRoots(status),
                // What is larger the guard lets pass.
                status.identity.size <= ContentDigests.largest, seen.insert(FileKey(status)).inserted,
                let sum = try? SealedCopy.sum(of: file, limit: ContentDigests.largest, path)
            else { continue }
            guard HexDigit.text(sum.sha256) != digest else {
                let pattern = Self.pattern(of: path, in: patterns) ?? path
                throw Refusal(
                    "protected_processes", policy.protectedProcesses,
                    "That is what \(path) holds, which this host's policy protects (\(pattern)).")
            }
        }
    }

    /// Their paths, and by what each is opened.
    private func running(_ patterns: [String]) -> [(path: String, way: String)] {
        let own = MountTable.live
        var seen: Set<FileKey> = []
        var found: [(path: String, way: String)] = []
        for pid in RunningProcess.all() where found.count < Self.most {
            let way = "/proc/\(pid)/exe"
            guard let link = TextFile.link(way) else { continue }
            let path = link.hasSuffix(" (deleted)") ? String(link.dropLast(10)) : link
            guard Self.pattern(of: path, in: patterns) != nil,
                let device = Self.device(of: link, in: pid), FileDevices(of: pid, and: own).answers(device),
                let status = FileStatus(at: way), !seen.contains(FileKey(status)),
                Self.isPut(status, at: path, isGone: path != link, as: pid)
            else { continue }
            seen.insert(FileKey(status))
            found.append((path, way))
        }
        return found
    }

    /// Whether root put the file that a process runs where it is, in what the process sees, be that a container. In a user
    /// namespace of its own anybody mounts anything under any name: nothing counts there.
    private static func isPut(_ status: FileStatus, at path: String, isGone: Bool, as pid: Int32) -> Bool {
        let view = "/proc/\(pid)/root"
        guard SparedPrograms.isRoots(status), let space = TextFile.link("/proc/\(pid)/ns/user"),
            space == TextFile.link("/proc/self/ns/user"), let folder = folder(above: path),
            FileStatus(at: "\(view)\(folder)/").map(SparedPrograms.isRoots) == true
        else { return false }
        // A program that was replaced goes on running what it was.
        return isGone || FileStatus(at: view + path)?.isSame(as: status) == true
    }

    /// The device of the file that a process runs, from its map: nothing of the file itself is touched, whose disk may not
    /// answer.
    private static func device(of link: String, in pid: Int32) -> String? {
        let text = TextFile.bytes("/proc/\(pid)/maps", limit: 1 << 20) ?? []
        for line in text.split(separator: 0x0A) {
            let fields = line.split(separator: 0x20, maxSplits: 5)
            guard fields.count == 6, fields[5].drop(while: { $0 == 0x20 }).elementsEqual(link.utf8) else { continue }
            return FileDevices.name(fields[3])
        }
        return nil
    }

    private func installed(_ patterns: [String]) -> [(path: String, way: String)] {
        let places = RemotePlaces.here
        let wild = { (text: String) in text.contains { "*?".contains($0) } }
        let found = patterns.flatMap { pattern -> [(path: String, way: String)] in
            let above = pattern.contains("/") ? Self.folder(above: pattern) : nil
            return (above.map { [$0] } ?? (pattern.contains("/") ? [] : Self.folders)).flatMap { folder in
                guard !wild(folder), places.hold(folder.isEmpty ? "/" : folder) == false,
                    FileStatus(at: "\(folder)/").map(SparedPrograms.isRoots) == true
                else {
                    return [(path: String, way: String)]()
                }
                let name = above == nil ? pattern : String(pattern.dropFirst(folder.count + 1))
                guard wild(name) else {
                    let path = "\(folder)/\(name)"
                    return FileStatus(at: path) == nil ? [] : [(path, path)]
                }
                return TextFile.names(in: folder).prefix(Self.mostNames).map { "\(folder)/\($0)" }
                    .filter { Glob.matches(above == nil ? "\(folder)/\(pattern)" : pattern, $0) }.map { ($0, $0) }
            }
        }
        return Array(found.prefix(Self.most))
    }

    private static func folder(above pattern: String) -> String? {
        pattern.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(pattern[..<$0]) }
    }
}
