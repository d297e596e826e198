internal import CLinux
internal import Glibc

/// What lies at a path and below it, on one file system. No link is followed; what cannot be entered is a note of the table.
struct FileWalk {
    private let deepest: Int
    private let table: TriageTable
    private let end: ContinuousClock.Instant
    /// Names of one folder.
    private static let mostNames = 50_000
    /// Answered by another host, or by a program: statfs(2), f_type. NFS, CIFS, SMB2, FUSE, 9p, Ceph, AFS.
    private static let remote: Set<Int64> = [
        0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x5346_414F,
    ]

    /// - Parameter end: When it must be done, where that is before the table must be.
    init(deepest: Int, _ table: TriageTable, until end: ContinuousClock.Instant? = nil) {
        self.deepest = deepest
        self.table = table
        self.end = end ?? table.end
    }

    private func check() throws(TriageTable.Stop) {
        if ContinuousClock.now >= end { throw .time }
    }

    /// Hands on plain files and links.
    func from(
        _ path: String, _ take: (String, FileStatus) throws(TriageTable.Stop) -> Void
    ) throws(TriageTable.Stop) {
        try check()
        // The way to where it begins may lead over links; from there on none does.
        guard let real = unsafe realpath(path, nil) else {
            if errno != ENOENT, errno != ENOTDIR { note(path, errno) }
            return
        }
        let start = unsafe String(cString: real)
        unsafe free(real)
        guard let status = FileStatus(at: start, following: false) else { return note(start, errno) }
        try visit(start, status, deepest, device: status.device, take)
    }

    private func visit(
        _ path: String, _ status: FileStatus, _ depth: Int, device: UInt64,
        _ take: (String, FileStatus) throws(TriageTable.Stop) -> Void
    ) throws(TriageTable.Stop) {
        try check()
        let type = status.mode & S_IFMT
        if type == S_IFREG || type == S_IFLNK { return try take(path, status) }
        guard type == S_IFDIR else { return }
        guard status.device == device else { return table.note("\(path): another file system is not entered") }
        guard depth > 0 else { return table.note("\(path): too deep to be entered") }
        for name in names(in: path) {
            let inner = path == "/" ? "/\(name)" : "\(path)/\(name)"
            // What is gone by now is nobody's fault.
            guard let status = FileStatus(at: inner, following: false) else {
                if errno != ENOENT { note(inner, errno) }
                continue
            }
            try visit(inner, status, depth - 1, device: device, take)
        }
    }

    /// Names in a folder, hidden ones too, in order.
    private func names(in path: String) -> [String] {
        let number = unsafe clinux_open_folder(path)
        guard number >= 0 else {
            note(path, -number)
            return []
        }
        guard !Self.remote.contains(clinux_file_system_type(number)) else {
            clinux_close(number)
            table.note("\(path): a file system of another host or program is not entered")
            return []
        }
        guard let folder = unsafe fdopendir(number) else {
            note(path, errno)
            clinux_close(number)
            return []
        }
        defer { unsafe _ = closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < Self.mostNames else {
                table.note("\(path): more than \(Self.mostNames) names")
                break
            }
            names.append(name)
        }
        return names.sorted()
    }

    private func note(_ path: String, _ number: Int32) {
        table.note("\(path): \(unsafe String(cString: strerror(number)))")
    }
}
