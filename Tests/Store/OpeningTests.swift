import ControllerStore
import CordonModel
import CordonTrust
import FoundationEssentials
import GRDB
import Glibc
import Testing

@Suite("Opening the database")
struct OpeningTests {
    @Test("an empty folder is ready in less than a second, its files for their owner alone")
    func fresh() async throws {
        // The best of three, for a machine that is busy with other tests.
        let times = try (0..<3).map { _ in
            let workshop = try Workshop()
            return try ContinuousClock().measure { _ = try workshop.open() }
        }
        #expect(times.allSatisfy { $0 >= .seconds(1) } == false, "\(times)")
        let workshop = try Workshop()
        let database = try workshop.open()
        try await database.record([workshop.entry("test")])
        for file in ["cordon.sqlite", "cordon.sqlite-wal", "cordon.lock"] {
            var status = stat()
            #expect(unsafe stat(workshop.folder + "/" + file, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600, "\(file)")
        }
    }

    @Test("what root makes in another's folder is that one's", .enabled(if: geteuid() == 0, "needs root"))
    func adopted() async throws {
        let workshop = try Workshop()
        let given = unsafe chown(workshop.folder, 64_126, 64_126)
        try #require(given == 0)
        let database = try workshop.open()
        try await database.record([workshop.entry("test")])
        for file in ["cordon.sqlite", "cordon.sqlite-wal", "cordon.sqlite-shm", "cordon.lock"] {
            var status = stat()
            #expect(unsafe stat(workshop.folder + "/" + file, &status) == 0)
            #expect(status.st_uid == 64_126 && status.st_gid == 64_126, "\(file)")
        }
    }

    @Test("a second controller on the folder is refused, and let in when the first has gone")
    func held() throws {
        let workshop = try Workshop()
        let first = try workshop.open()
        let error = #expect(throws: StoreError.self) { try workshop.open() }
        #expect(error?.code == "store.held")
        #expect(error?.message.contains("\(getpid())") == true)
        try first.close()
        try workshop.open().close()
    }

    @Test("what was opened and dropped lets go of the folder")
    func dropped() throws {
        let workshop = try Workshop()
        for _ in 0..<3 { _ = try workshop.open() }
    }

    @Test("a folder that is not there is named")
    func missing() throws {
        let workshop = try Workshop()
        let error = #expect(throws: StoreError.self) {
            try ControllerStore.Database(folder: workshop.folder + "/none", auditKey: workshop.key)
        }
        #expect(error?.code == "store.missing")
        #expect(error?.message.contains("/none") == true)
    }

    @Test("a database of a newer program is refused and left as it is")
    func newer() throws {
        let workshop = try Workshop()
        try workshop.open().close()
        try workshop.execute("INSERT INTO grdb_migrations (identifier) VALUES ('999 from the future')")
        let error = #expect(throws: StoreError.self) { try workshop.open() }
        #expect(error?.code == "store.newer")
        #expect(try workshop.number("SELECT COUNT(*) FROM grdb_migrations WHERE identifier LIKE '999%'") == 1)
        #expect(try workshop.number("SELECT COUNT(*) FROM audit_record") == 0)
    }

    @Test("a file that is no database is refused and left as it is", arguments: [100, 5000])
    func garbage(size: Int) throws {
        let workshop = try Workshop()
        let garbage = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) })
        try garbage.write(to: URL(filePath: workshop.folder + "/cordon.sqlite"))
        let error = #expect(throws: StoreError.self) { try workshop.open() }
        #expect(error?.code == "store.damaged")
        #expect(error?.remedy.contains("backup") == true)
        #expect(try Data(contentsOf: URL(filePath: workshop.folder + "/cordon.sqlite")) == garbage)
    }

    @Test("damage inside the file is found after an unclean stop")
    func damagedPage() async throws {
        let workshop = try Workshop()
        let database = try workshop.open()
        for index in 0..<200 { try await database.record([workshop.entry("test.\(index)")]) }
        let copy = try workshop.copyTearing(logBy: 0)
        // The log's pages, as they are merged into the file, with the middle of the file overwritten.
        try DatabaseQueue(path: copy.folder + "/cordon.sqlite").close()
        let path = copy.folder + "/cordon.sqlite"
        var bytes = try Data(contentsOf: URL(filePath: path))
        for page in stride(from: 4096, to: bytes.count - 4096, by: 4096) {
            bytes.replaceSubrange(page..<(page + 64), with: [UInt8](repeating: 0xFF, count: 64))
        }
        try bytes.write(to: URL(filePath: path))
        try Data([1]).write(to: URL(filePath: path + "-wal"))
        let error = await #expect(throws: StoreError.self) { _ = try await copy.verification() }
        #expect(error?.code == "store.damaged")
    }
}

@Suite(
    "A disk that does not take writes", .serialized,
    .enabled(if: Mount.isPossible, "needs root, to mount a small file system"))
struct DiskTests {
    @Test("a full disk fails the write with a sentence, loses nothing, and is forgotten when there is space again")
    func full() async throws {
        let mount = try Mount(size: "3m")
        let workshop = try Workshop()
        let database = try ControllerStore.Database(folder: mount.path, auditKey: workshop.key)
        let reader = AuditReader(database: database, key: workshop.key.verifyingKey)
        try await database.record([workshop.entry("before")])
        try mount.fill()
        var failure: (any Error)?
        var written = 1
        // What the log already has room for still fits.
        while failure == nil, written < 10_000 {
            do {
                try await database.record([workshop.entry("full", details: ["x": String(repeating: "x", count: 3000)])])
                written += 1
            } catch { failure = error }
        }
        #expect(failure?.actionableCode == "store.full")
        #expect(try await reader.verify().records == Int64(written))
        try mount.free()
        try await database.record([workshop.entry("after")])
        let found = try await reader.verify()
        #expect(found.fault == nil)
        #expect(found.records == Int64(written) + 1)
        try database.close()
    }

    @Test("a disk that is full from the start is named")
    func fullAtStart() throws {
        let mount = try Mount(size: "64k")
        try mount.fill()
        let error = #expect(throws: StoreError.self) {
            try ControllerStore.Database(folder: mount.path, auditKey: Workshop().key)
        }
        #expect(error?.code == "store.full")
    }

    @Test("a read-only folder is named, with a database in it or none", arguments: [false, true])
    func readOnly(hasDatabase: Bool) throws {
        let mount = try Mount(size: "8m")
        let workshop = try Workshop()
        if hasDatabase { try ControllerStore.Database(folder: mount.path, auditKey: workshop.key).close() }
        try mount.makeReadOnly()
        let error = #expect(throws: StoreError.self) {
            try ControllerStore.Database(folder: mount.path, auditKey: workshop.key)
        }
        #expect(error?.code == "store.read_only")
        #expect(error?.message.contains(mount.path) == true)
    }
}

/// A small file system of a test's own; unmounted with its last reference.
final class Mount: Sendable {
    let path: String

    static var isPossible: Bool { geteuid() == 0 && (try? Mount(size: "64k")) != nil }

    init(size: String) throws {
        path = FileManager.default.temporaryDirectory.path + "/cordon-mount-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(size)") == 0 else {
            try? FileManager.default.removeItem(atPath: path)
            throw CocoaError(.fileWriteUnknown)
        }
    }

    deinit {
        _ = unsafe umount2(path, 2)
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Takes all space that is left.
    func fill() throws {
        let descriptor = unsafe open(path + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while unsafe write(descriptor, block, block.count) > 0 {}
    }

    func free() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

    func makeReadOnly() throws {
        guard unsafe mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }
}
