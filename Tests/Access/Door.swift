import ControllerAccess
import ControllerStore
import CordonModel
import CordonTrust
import FoundationEssentials
import Synchronization
import Testing

/// Access over a real database in a folder of its own, with a clock that only the test moves and cheap password hashing.
final class Door: Sendable {
    let access: Access
    let audit: AuditReader
    private let folder: String
    private let clock: Clock
    private let database: ControllerStore.Database

    /// What stands outside of it all: time that the test moves.
    final class Clock: Sendable {
        private let instant = Mutex(Timestamp(seconds: 1_800_000_000))

        var now: Timestamp { instant.withLock { $0 } }
        func advance(_ duration: Duration) { instant.withLock { $0 = $0 + duration } }
    }

    static let password = "a long enough password"
    static let here = IPAddress.v4(0xC000_0201)

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/cordon-door-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let key = SigningKey()
        let clock = Clock()
        database = try ControllerStore.Database(folder: folder, auditKey: key)
        self.clock = clock
        audit = AuditReader(database: database, key: key.verifyingKey)
        access = Access(
            repository: AccessStore(database: database),
            surroundings: Surroundings(now: { clock.now }, random: { .random(in: 0 ... .max) }),
            hasher: PasswordHasher(cost: .init(logN: 10, r: 1, p: 1))
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func advance(_ duration: Duration) { clock.advance(duration) }
    var now: Timestamp { clock.now }

    /// A user with the usual password.
    @discardableResult
    func user(_ name: String, _ role: Role = .analyst) async throws -> User {
        try await access.createUser(name: name, role: role, password: Self.password, by: .system).user
    }

    func signIn(_ name: String, from source: IPAddress = here) async throws -> SignIn {
        try await access.signIn(name, password: Self.password, from: source)
    }

    /// Verbs of the chain, oldest first.
    func verbs() async throws -> [String] { try await audit.records(limit: 1000).map(\.entry.verb) }

    /// Everything that the database's files hold.
    func storedBytes() throws -> [UInt8] {
        try FileManager.default.contentsOfDirectory(atPath: folder).reduce(into: []) { bytes, name in
            bytes += try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
        }
    }
}

/// Expects a refusal with that code.
func expectRefusal(_ code: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void)
    async
{
    do {
        try await body()
        Issue.record("nothing was refused; expected \(code)", sourceLocation: sourceLocation)
    } catch let error as AccessError {
        #expect(error.code == code, sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}
