internal import Glibc
internal import SystemPackage

/// Which processes have sockets open, by the sockets' inodes.
enum SocketOwners {
    /// Descriptors that are looked at in one search.
    static let limit = 500_000

    /// The first process found for each; those of processes that may not be looked at are missing.
    static func find(_ inodes: Set<UInt32>) -> [UInt32: Int64] {
        var owners: [UInt32: Int64] = [:]
        var missing = inodes.subtracting([0])
        var left = limit
        // The youngest first: what is new is mostly theirs.
        for pid in ProcessFolder().processes().sorted(by: >) {
            guard !missing.isEmpty, left > 0 else { break }
            for name in FolderListing.names(FilePath("/proc/\(pid)/fd"), limit: left) {
                left -= 1
                guard left > 0, let inode = inode("/proc/\(pid)/fd/\(name)"), missing.remove(inode) != nil else {
                    continue
                }
                owners[inode] = pid
            }
        }
        return owners
    }

    /// `socket:[12345]`.
    private static func inode(_ path: String) -> UInt32? {
        var bytes = [CChar](repeating: 0, count: 32)
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count > 9, bytes[0] == 0x73, bytes[6] == 0x3A, bytes[7] == 0x5B, bytes[count - 1] == 0x5D else {
            return nil
        }
        return UInt32(String(decoding: bytes[8..<(count - 1)].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
