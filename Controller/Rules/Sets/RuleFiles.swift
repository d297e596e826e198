internal import Glibc

/// The rule files below folders. Names and contents are hostile: what is no ordinary file is named and not opened for
/// long, and links to folders are not followed.
struct RuleFiles {
    /// Folders in each other, files altogether, and the bytes of all of them.
    static let deepest = 32
    static let most = 50_000
    static let mostBytes = 256 << 20

    private(set) var paths: [String] = []
    /// Those that were named, and not found in a folder.
    private(set) var named: Set<String> = []

    /// A file is taken whatever its name is; of a folder `*.yml` and `*.yaml`, in the order of their paths.
    /// - Throws: ``RulesError`` where a path that was named does not exist or cannot be read.
    init(_ roots: [String]) throws(RulesError) {
        for root in roots {
            var status = stat()
            guard unsafe stat(root, &status) == 0 else { throw Self.unreadable(root, errno) }
            if status.st_mode & S_IFMT == S_IFDIR {
                try walk(root, 0)
            } else {
                paths.append(root)
                named.insert(root)
            }
        }
    }

    private mutating func walk(_ folder: String, _ depth: Int) throws(RulesError) {
        guard depth <= Self.deepest else {
            throw RulesError("folders", "\(folder) lies more than \(Self.deepest) folders deep.")
        }
        guard let stream = unsafe opendir(folder) else { throw Self.unreadable(folder, errno) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        unsafe closedir(stream)
        for name in names.sorted() {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try walk(path, depth + 1)
            } else if name.hasSuffix(".yml") || name.hasSuffix(".yaml") {
                guard paths.count < Self.most else {
                    throw RulesError("files", "There are more than \(Self.most) rule files.")
                }
                paths.append(path)
            }
        }
    }

    /// The bytes of an ordinary file.
    /// - Throws: ``RulesError`` with a sentence, where it is none, is too large, or cannot be read.
    static func bytes(_ path: String, limit: Int) throws(RulesError) -> [UInt8] {
        // Without waiting: opening a pipe would wait for somebody who writes.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw RulesError("unreadable", "\(path) is no ordinary file.", remedy: "Take it away.")
        }
        guard status.st_size <= limit else { throw tooLarge(path, limit) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path, errno) }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else { throw tooLarge(path, limit) }
        }
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> RulesError {
        RulesError("large", "\(path) is larger than \(limit) bytes.", remedy: "Check that it is the right file.")
    }

    private static func unreadable(_ path: String, _ number: Int32) -> RulesError {
        let words = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return RulesError(
            "unreadable", "\(path) cannot be read: \(words).", remedy: "Check the path and its permissions.")
    }
}
