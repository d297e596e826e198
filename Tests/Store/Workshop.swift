import ControllerIntake
import ControllerStore
import CordonModel
import CordonTrust
import FoundationEssentials
import GRDB
import Synchronization

/// A folder of a test, with a clock that only the test moves; gone with its last reference.
final class Workshop: Sendable {
    let folder: String
    let key = SigningKey()
    private let clock = Mutex(Timestamp(seconds: 1_800_000_000))
    private let counter = Mutex<UInt64>(0)

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/cordon-store-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var now: Timestamp { clock.withLock { $0 } }

    func advance(_ duration: Duration) { clock.withLock { $0 = $0 + duration } }

    /// Randomness that counts: identifiers differ and are the same in every run.
    var surroundings: Surroundings {
        Surroundings(
            now: { [self] in now },
            random: { [self] in
                counter.withLock {
                    $0 += 1
                    return $0
                }
            }
        )
    }

    func open() throws -> ControllerStore.Database { try ControllerStore.Database(folder: folder, auditKey: key) }

    func reader(_ database: ControllerStore.Database) -> AuditReader {
        AuditReader(database: database, key: key.verifyingKey)
    }

    /// What a person with a shell on the machine could do to the closed database.
    func tamper(_ statements: String...) throws {
        let queue = try DatabaseQueue(path: folder + "/cordon.sqlite")
        try queue.write { connection in
            for trigger in ["audit_record", "audit_checkpoint"].flatMap({ ["\($0)_no_update", "\($0)_no_delete"] }) {
                try connection.execute(sql: "DROP TRIGGER IF EXISTS \(trigger)")
            }
            for statement in statements { try connection.execute(sql: statement) }
        }
        try queue.close()
    }

    func entry(_ verb: String, details: [String: String] = [:]) -> AuditEntry {
        AuditEntry(at: now, actor: "ada", verb: verb, subject: "case:1", details: details)
    }
}

extension Error {
    /// The code of one of our errors.
    var actionableCode: String? {
        let actionable: (any ActionableError)? = self as? any ActionableError
        return actionable.map(\.code)
    }
}

extension Workshop {
    /// Overwrites the beginning of every day's file of events.
    func damageEvents() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/events") {
            try Data(repeating: 0x78, count: 8192).write(to: URL(filePath: "\(folder)/events/\(name)"))
        }
    }

    /// Runs a statement on the closed database as it stands, triggers and all.
    func execute(_ statement: String) throws {
        let queue = try DatabaseQueue(path: folder + "/cordon.sqlite")
        defer { try? queue.close() }
        try queue.write { try $0.execute(sql: statement) }
    }

    /// One number that a query on the closed database answers.
    func number(_ query: String) throws -> Int? {
        let queue = try DatabaseQueue(path: folder + "/cordon.sqlite")
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: query) }
    }

    /// A copy of the database's files as a power cut would leave them, the last bytes of the log lost.
    func copyTearing(logBy lost: Int) throws -> TornCopy {
        let path = folder + "/torn-\(lost)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: folder + "/cordon.sqlite", toPath: path + "/cordon.sqlite")
        let log = try Data(contentsOf: URL(filePath: folder + "/cordon.sqlite-wal"))
        try log.dropLast(lost).write(to: URL(filePath: path + "/cordon.sqlite-wal"))
        return TornCopy(folder: path, key: key)
    }
}

struct TornCopy {
    let folder: String
    let key: SigningKey

    func verification() async throws -> AuditVerification {
        let database = try ControllerStore.Database(folder: folder, auditKey: key)
        return try await AuditReader(database: database, key: key.verifyingKey).verify()
    }
}
