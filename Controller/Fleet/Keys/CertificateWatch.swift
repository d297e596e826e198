internal import CordonModel
internal import CordonTrust

/// Notices that the controller's certificate files were exchanged, and exchanges them when they are two thirds through.
///
/// Two `stat` calls a second on a local file; the renewal itself is looked at once an hour.
struct CertificateWatch {
    private let keys: FleetKeys
    private var files: FileWatch
    private var nextRenewalCheck: Timestamp?

    init(keys: FleetKeys) {
        self.keys = keys
        files = FileWatch([keys.certificateFile, keys.certificateKeyFile])
    }

    /// Whether the files are others than the last time. A pair that is being exchanged shows as two changes: the first may
    /// not load, the second does.
    mutating func changed(at now: Timestamp) throws -> Bool {
        if nextRenewalCheck.map({ $0 <= now }) ?? true {
            nextRenewalCheck = now + .seconds(3600)
            _ = try keys.renewControllerCertificate(at: now)
        }
        return files.changed()
    }
}
