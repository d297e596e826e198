internal import CordonModel
internal import CordonTrust
internal import Glibc

/// Notices that the controller's certificate files were exchanged, and exchanges them when they are two thirds through.
///
/// Two `stat` calls a second on a local file; the renewal itself is looked at once an hour.
struct CertificateWatch {
    private let keys: FleetKeys
    private var seen: [Stamp]
    private var nextRenewalCheck: Timestamp?

    private struct Stamp: Equatable {
        var inode: UInt
        var seconds: Int
        var nanoseconds: Int
    }

    init(keys: FleetKeys) {
        self.keys = keys
        seen = Self.stamps(keys)
    }

    /// Whether the files are others than the last time. A pair that is being exchanged shows as two changes: the first may
    /// not load, the second does.
    mutating func changed(at now: Timestamp) throws -> Bool {
        if nextRenewalCheck.map({ $0 <= now }) ?? true {
            nextRenewalCheck = now + .seconds(3600)
            _ = try keys.renewControllerCertificate(at: now)
        }
        let current = Self.stamps(keys)
        defer { seen = current }
        return current != seen
    }

    private static func stamps(_ keys: FleetKeys) -> [Stamp] {
        [keys.certificateFile, keys.certificateKeyFile].map { path in
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return Stamp(inode: 0, seconds: 0, nanoseconds: 0) }
            return Stamp(
                inode: UInt(status.st_ino), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        }
    }
}
