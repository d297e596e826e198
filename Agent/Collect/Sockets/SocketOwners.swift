internal import Glibc
internal import SystemPackage

/// Which processes have sockets open, by the sockets' inodes.
enum SocketOwners {
    /// Descriptors that are looked at in one search.
    static let limit = 500_000

    /// The process of each; those of processes that may not be looked at are missing.
    static func find(_ inodes: Set<UInt32>) -> [UInt32: Int64] {
        var owners: [UInt32: Int64] = [:]
        var missing = inodes.subtracting([0])
        var left = limit
        // The youngest first: what is new is mostly theirs, and what a service manager hands on is the service's.
        for pid in ProcessFolder().processes().sorted(by: >) {
            guard !missing.isEmpty, left > 0 else { break }
            for name in FolderListing.names(FilePath("/proc/\(pid)/fd"), limit: left) {
                left -= 1
                guard left > 0, let inode = inode("/proc/\(pid)/fd/\(name)"), missing.contains(inode),
                    let owner = owner(of: inode, heldBy: pid)
                else { continue }
                missing.remove(inode)
                owners[inode] = owner
            }
        }
        return owners
    }

    /// A child has what its parent has until it becomes another program: while both are the same one, it is the parent's.
    /// `nil` when the process let go of it meanwhile.
    private static func owner(of inode: UInt32, heldBy pid: Int64) -> Int64? {
        let folder = ProcessFolder()
        var owner = pid
        for _ in 0..<8 {
            guard let parent = folder.status(of: owner)?.parent, let program = folder.executable(of: owner),
                program == folder.executable(of: parent), holds(parent, inode)
            else { break }
            owner = parent
        }
        return owner != pid || holds(pid, inode) ? owner : nil
    }

    private static func holds(_ pid: Int64, _ wanted: UInt32) -> Bool {
        FolderListing.names(FilePath("/proc/\(pid)/fd"), limit: 100_000).contains {
            inode("/proc/\(pid)/fd/\($0)") == wanted
        }
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
