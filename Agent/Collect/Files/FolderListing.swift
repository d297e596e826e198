internal import Glibc
internal import SystemPackage

/// The names in a folder.
enum FolderListing {
    /// Without order; empty when the folder cannot be read.
    static func names(_ folder: FilePath, limit: Int = 10_000) -> [String] {
        guard let stream = unsafe opendir(folder.string) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = unsafe readdir(stream) {
            unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                names.append(unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self))
            }
        }
        return names
    }
}
