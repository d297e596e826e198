internal import CLinux
internal import CordonModel
internal import CordonOrders
internal import CordonTrust
internal import CordonWire
internal import Glibc
internal import SwiftProtobuf

/// Packages on their way and what is kept of upgrades: `SHA256.deb` a package, `SHA256.deb.part` one that is not whole yet,
/// `begun` the upgrade that is being installed, `outcome` how the last one ended, `installed` the release that is installed,
/// `heard` that the agent hears its controller, `isolated` the isolation that was last seen to be wanted, `upgrader` the program
/// that installs.
struct ReleaseFolder: Sendable {
    let path: String
    private let root: Descriptor

    /// Opens or makes the folder (mode 0700, root's).
    init(stateFolder: String) throws {
        path = stateFolder + "/upgrade"
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw EnforceError.file("make", path, errno) }
        try RootOwned.check(path, required: true)
        root = try Descriptor(unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) { _ in
            EnforceError.file("open", stateFolder, errno)
        }
    }

    // MARK: - Packages

    func place(of package: Release.File) -> String { "\(path)/\(package.place)" }

    /// Whether it is here, whole. Its sum was right when it came; whoever uses it looks again.
    func has(_ package: Release.File) -> Bool { status(package.place)?.identity.size == package.size }

    /// Bytes of it that are here.
    func count(of package: Release.File) -> Int64 {
        guard !has(package) else { return package.size }
        let part = status(package.place + ".part")?.identity.size ?? 0
        // Whoever wrote its last byte was killed before its sum was looked at.
        if part >= package.size { unlink(package.place + ".part") }
        return part < package.size ? part : 0
    }

    private func status(_ name: String) -> FileStatus? { (try? FileStatus(of: name, in: root)) ?? nil }

    /// Bytes that the disk has room for, of which a twentieth is left to the host.
    var free: Int64 { max(0, clinux_room(root.number)) }

    /// Adds bytes at the end of what is here. With the last of them the sum is looked at; `false`, and it is gone, when
    /// that is another.
    func append(_ bytes: [UInt8], at offset: Int64, to package: Release.File) throws -> Bool {
        let name = package.place + ".part"
        let opened = unsafe openat(root.number, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        let file = try Descriptor(opened < 0 ? -errno : opened) { .file("make", "\(path)/\(name)", $0) }
        try file.write(bytes[...], at: offset, name)
        guard offset + Int64(bytes.count) == package.size else { return true }
        guard try Self.digest(of: file, size: package.size) == package.sha256 else {
            unsafe unlinkat(root.number, name, 0)
            return false
        }
        try file.sync(name)
        guard unsafe renameat(root.number, name, root.number, package.place) == 0 else {
            throw EnforceError.file("keep", place(of: package), errno)
        }
        try root.sync(path)
        return true
    }

    /// Throws unless the bytes on disk are what root signed.
    func verify(_ package: Release.File) throws {
        let file = try Descriptor(unsafe clinux_open_regular(root.number, package.place)) {
            .file("open", place(of: package), $0)
        }
        guard has(package), try Self.digest(of: file, size: package.size) == package.sha256 else {
            // It is fetched again, where it is offered again.
            unlink(package.place)
            throw EnforceError("upgrade.damaged", "The package \(package.package) on disk is not what was signed.")
        }
    }

    private static func digest(of file: Descriptor, size: Int64) throws -> [UInt8] {
        var (digest, offset) = (StreamDigest(), Int64(0))
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while offset < size {
            let bytes = try file.read(at: offset, into: &buffer, "a package")
            guard !bytes.isEmpty else { break }
            digest.update(bytes)
            offset += Int64(bytes.count)
        }
        return digest.value
    }

    /// Removes packages that are not among these, whole or not. Those of the release that is installed stay when none are
    /// named: a later upgrade goes back to them.
    func keepOnly(_ packages: [Release.File] = []) {
        var names = packages.map(\.place)
        if names.isEmpty, let installed, let manifest = try? Cordon_V1_Release(serializedBytes: installed.release) {
            names = manifest.files.map { Release.File.place(of: [UInt8]($0.sha256)) }
        }
        let kept = Set(names.flatMap { [$0, $0 + ".part"] })
        for name in TextFile.names(in: path) where name.hasSuffix(".deb") || name.hasSuffix(".part") {
            if !kept.contains(name) { unlink(name) }
        }
    }

    func unlink(_ name: String) { unsafe unlinkat(root.number, name, 0) }

    // MARK: - What is written down

    var begun: Cordon_V1_UpgradeRecord? {
        guard let bytes = RecordFile.read("\(path)/begun") else { return nil }
        return try? Cordon_V1_UpgradeRecord(serializedBytes: bytes)
    }
    /// Whether an upgrade was begun and is not over, be its record readable or not.
    var isBegun: Bool { status("begun") != nil }
    var outcome: Cordon_V1_UpgradeState? {
        guard let bytes = RecordFile.read("\(path)/outcome") else { return nil }
        return try? Cordon_V1_UpgradeState(serializedBytes: bytes)
    }
    /// When that was.
    var endedAt: Timestamp { Timestamp(seconds: status("outcome")?.identity.modified.seconds ?? 0) }
    var installed: Cordon_V1_SignedRelease? {
        guard let bytes = RecordFile.read("\(path)/installed") else { return nil }
        return try? Cordon_V1_SignedRelease(serializedBytes: bytes)
    }

    /// The isolation that was last seen to be wanted while an upgrade was under way.
    var isolated: [UInt8]? { RecordFile.read("\(path)/\(Self.isolatedName)") }
    static let isolatedName = "isolated"

    /// It was released: nobody misses it, or puts it back. Waits for nobody who works on an upgrade.
    static func forgetIsolated(stateFolder: String) {
        unsafe _ = Glibc.unlink("\(stateFolder)/upgrade/\(isolatedName)")
    }

    func begin(_ record: Cordon_V1_UpgradeRecord) throws { try write(record.serializedBytes(), "begun") }
    func keep(isolated: [UInt8]) throws(EnforceError) {
        try RecordFile.write(isolated, to: "\(path)/\(Self.isolatedName)")
    }
    func keep(installed release: Cordon_V1_SignedRelease) throws { try write(release.serializedBytes(), "installed") }

    /// How it ended, on disk before the record of it goes.
    func end(_ outcome: Cordon_V1_UpgradeState) throws {
        try write(outcome.serializedBytes(), "outcome")
        for name in ["begun", "heard", Self.isolatedName, "upgrader"] { unlink(name) }
        try root.sync(path)
    }

    /// A record that cannot be read is for people to look at, and keeps nothing up.
    func setDamagedAside() { unsafe _ = renameat(root.number, "begun", root.number, "damaged") }

    private func write(_ bytes: [UInt8], _ name: String) throws { try RecordFile.write(bytes, to: "\(path)/\(name)") }

    /// Held by whoever works on the upgrade that was begun; `nil` where another does.
    func lock() throws(EnforceError) -> FileLock? { try FileLock(path + "/lock", within: .zero) }

    // MARK: - What the upgrader is told

    /// The enforcer of this process number was told that the controller is heard.
    func hear() {
        guard isBegun else { return }
        try? KeyFile.write(Array("\(getpid())\n".utf8), to: "\(path)/heard")
    }

    /// The process number of the enforcer that was told so last.
    var hearing: Int? { TextFile.line("\(path)/heard").flatMap { Int($0) } }

    /// Copies the program that runs now: what installs, or finishes after a crash, is never what is being tried out.
    func copyUpgrader() throws {
        let source = try Descriptor(unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) { _ in
            EnforceError.file("open", "/proc/self/exe", errno)
        }
        unlink("upgrader.part")
        let copy = try Descriptor(unsafe clinux_create_file(root.number, "upgrader.part")) {
            .file("make", "\(path)/upgrader", $0)
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        while case let bytes = try source.read(at: offset, into: &buffer, "this program"), !bytes.isEmpty {
            try copy.write(bytes, at: offset, "\(path)/upgrader")
            offset += Int64(bytes.count)
        }
        guard fchmod(copy.number, 0o700) == 0 else { throw EnforceError.file("make", "\(path)/upgrader", errno) }
        try copy.sync("\(path)/upgrader")
        guard unsafe renameat(root.number, "upgrader.part", root.number, "upgrader") == 0 else {
            throw EnforceError.file("make", "\(path)/upgrader", errno)
        }
        try root.sync(path)
    }
}
