internal import CLinux
internal import Glibc

/// What lies at a path and below it, on one file system. No link of anybody but root is followed, and nothing is asked where
/// another host or a program would have to answer; what is not entered is a note of the table.
struct FileWalk {
    /// A plain file or a link, with the folder that it is in.
    struct Found {
        let path: RawPath
        let status: FileStatus
        let folder: Descriptor
        /// Ended by a zero byte.
        let name: [CChar]

        /// Where a link leads.
        var target: String? {
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = unsafe readlinkat(folder.number, name, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            return String(decoding: buffer[..<count].map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
        }
    }

    private let deepest: Int
    private let table: TriageTable
    private let remote: RemotePlaces
    /// When it must be done.
    let end: ContinuousClock.Instant
    /// Names of one folder.
    private static let mostNames = 50_000
    /// Links on the way to where it begins.
    private static let mostLinks = 40

    /// - Parameter end: When it must be done, where that is before the table must be.
    init(deepest: Int, _ table: TriageTable, _ remote: RemotePlaces, until end: ContinuousClock.Instant? = nil) {
        self.deepest = deepest
        self.table = table
        self.remote = remote
        self.end = end ?? table.end
    }

    private func check() throws(TriageTable.Stop) {
        if ContinuousClock.now >= end { throw .time }
    }

    /// Hands on plain files and links. The way to where it begins, and what it is, may be links that root made: a place of
    /// the system's own.
    func from(_ path: String, _ take: (Found) throws(TriageTable.Stop) -> Void) throws(TriageTable.Stop) {
        try check()
        guard let slash = path.lastIndex(of: "/"), let above = resolved(String(path[..<slash])) else { return }
        let name = path[path.index(after: slash)...]
        let start = above == "/" ? "/\(name)" : "\(above)/\(name)"
        guard try begin(start, take) else { return }
        // It is a link, which is told now.
        if let real = resolved(start) { _ = try begin(real, take) }
    }

    /// The same of a place in a folder that belongs to somebody else: no part of it may be a link.
    /// - Parameter home: Without links.
    func from(
        _ parts: [Substring], in home: String, _ take: (Found) throws(TriageTable.Stop) -> Void
    ) throws(TriageTable.Stop) {
        try check()
        guard isHere(home), var folder = folder(at: home) else { return }
        var path = RawPath(home)
        for (index, part) in parts.enumerated() {
            path = path.appending(Array(part.utf8))
            guard !remote.begin(at: path) else { return elsewhere(path.text) }
            let name = Self.name(Array(part.utf8))
            guard let status = FileStatus(named: name, in: folder) else {
                if errno != ENOENT { note(path.text, errno) }
                return
            }
            let found = Found(path: path, status: status, folder: folder, name: name)
            let isLast = index == parts.count - 1
            if isLast || status.mode & S_IFMT == S_IFLNK {
                return try visit(found, deepest, device: status.device, take)
            }
            guard status.mode & S_IFMT == S_IFDIR, let next = enter(found) else { return }
            folder = next
        }
    }

    /// The path without links, of which root's alone are followed; `nil`, and a note, where it cannot be reached.
    func resolved(_ path: String) -> String? {
        var real = ""
        var rest = Array(path.split(separator: "/").reversed())
        var links = 0
        while let part = rest.popLast() {
            guard part != "." else { continue }
            guard part != ".." else {
                real = String(real[..<(real.lastIndex(of: "/") ?? real.startIndex)])
                continue
            }
            let here = "\(real)/\(part)"
            guard isHere(here) else { return nil }
            guard let status = FileStatus(at: here, following: false) else {
                if errno != ENOENT, errno != ENOTDIR { note(here, errno) }
                return nil
            }
            guard status.mode & S_IFMT == S_IFLNK else {
                real = here
                continue
            }
            links += 1
            guard status.user == 0, links <= Self.mostLinks, let target = TextFile.link(here) else {
                table.note("\(path): \(here) is a link that is not followed")
                return nil
            }
            if target.hasPrefix("/") { real = "" }
            rest += target.split(separator: "/").reversed()
        }
        return real.isEmpty ? "/" : real
    }

    /// Begins at a path without links, but for its last part: whether that is one.
    private func begin(
        _ path: String, _ take: (Found) throws(TriageTable.Stop) -> Void
    ) throws(TriageTable.Stop) -> Bool {
        guard isHere(path), let slash = path.lastIndex(of: "/") else { return false }
        guard let folder = folder(at: slash == path.startIndex ? "/" : String(path[..<slash])) else { return false }
        let name = Self.name(Array(path[path.index(after: slash)...].utf8))
        guard let status = FileStatus(named: name, in: folder) else {
            if errno != ENOENT { note(path, errno) }
            return false
        }
        let found = Found(path: RawPath(path), status: status, folder: folder, name: name)
        try visit(found, deepest, device: status.device, take)
        return status.mode & S_IFMT == S_IFLNK
    }

    private func visit(
        _ found: Found, _ depth: Int, device: UInt64, _ take: (Found) throws(TriageTable.Stop) -> Void
    ) throws(TriageTable.Stop) {
        try check()
        let type = found.status.mode & S_IFMT
        if type == S_IFREG || type == S_IFLNK { return try take(found) }
        guard type == S_IFDIR else { return }
        guard found.status.device == device else {
            return table.note("\(found.path.text): another file system is not entered")
        }
        guard depth > 0 else { return table.note("\(found.path.text): too deep to be entered") }
        guard let folder = enter(found) else { return }
        for bytes in names(in: folder, found.path) {
            let path = found.path.appending(bytes)
            guard !remote.begin(at: path) else {
                elsewhere(path.text)
                continue
            }
            let name = Self.name(bytes)
            // What is gone by now is nobody's fault.
            guard let status = FileStatus(named: name, in: folder) else {
                if errno != ENOENT { note(path.text, errno) }
                continue
            }
            try visit(Found(path: path, status: status, folder: folder, name: name), depth - 1, device: device, take)
        }
    }

    /// A folder, by its name in one that is open: not what a link of that name leads to.
    private func enter(_ found: Found) -> Descriptor? {
        let number = unsafe openat(
            found.folder.number, found.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if number < 0 { note(found.path.text, errno) }
        return try? Descriptor(number) { .file("open", found.path.text, $0) }
    }

    private func folder(at path: String) -> Descriptor? {
        let number = unsafe clinux_open_folder(path)
        if number < 0, number != -ENOENT, number != -ENOTDIR { note(path, -number) }
        return try? Descriptor(number) { .file("open", path, $0) }
    }

    /// Names in a folder, hidden ones too, in order.
    private func names(in folder: Descriptor, _ path: RawPath) -> [[UInt8]] {
        let copy = fcntl(folder.number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let list = unsafe fdopendir(copy) else {
            note(path.text, errno)
            if copy >= 0 { clinux_close(copy) }
            return []
        }
        defer { unsafe _ = closedir(list) }
        var names: [[UInt8]] = []
        while let entry = unsafe readdir(list) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            guard name != [0x2E], name != [0x2E, 0x2E] else { continue }
            guard names.count < Self.mostNames else {
                table.note("\(path.text): more than \(Self.mostNames) names")
                break
            }
            names.append(name)
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func name(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(truncatingIfNeeded: $0) } + [0] }

    private func isHere(_ path: String) -> Bool {
        guard remote.hold(path) == true else { return true }
        elsewhere(path)
        return false
    }

    private func elsewhere(_ path: String) {
        table.note("\(path): a file system of another host or program is not entered")
    }

    private func note(_ path: String, _ number: Int32) { table.note("\(path): \(errorText(number))") }
}
