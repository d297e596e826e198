internal import ArgumentParser
internal import ControllerAccess
internal import ControllerFleet
internal import ControllerStore
internal import CordonModel
internal import CordonSignals
internal import CordonTrust
internal import Glibc

/// `cordon-controller init`: makes a fleet.
struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a fleet: its certificate authority, its keys, its first administrator.",
        discussion: """
            The policy root key is written beside the data folder, never into it. Move it to offline storage: the
            controller runs without it, and a stolen controller must not have it.

            EXAMPLES
              cordon-controller init --name hospital --address soc.example.org
            """)

    @OptionGroup var options: DataOptions

    @Option(help: "The fleet's name, as in spiffe://NAME/agent/UUID: a DNS name or a word in lower case.")
    var name = "cordon"

    @Option(
        name: .customLong("address"),
        help: """
            A host name or address under which agents and people reach this controller, beside localhost; may be \
            repeated. Tokens tell agents to dial the first.
            """)
    var addresses: [String] = []

    @Option(help: "Where the policy root key goes; DATA.policy-root.key where it is not given.")
    var rootKeyFile: String?

    @Option(help: "The first administrator's name.")
    var admin = "admin"

    @Option(help: "A file with the first administrator's password; one is made up and printed where it is not given.")
    var adminPasswordFile: String?

    func run() async throws {
        do {
            let settings = try options.settings()
            let made = try await FleetStart.make(
                in: settings.data, name: name, addresses: addresses, rootKeyFile: rootKeyFile, admin: admin,
                password: try adminPasswordFile.map { try Self.password(in: $0) })
            print(made.summary(password: made.password.map { "\($0) (shown this once)" }))
        } catch {
            throw Complaint.fail(error)
        }
    }

    /// The first line of the file.
    private static func password(in file: String) throws -> String {
        let bytes = try KeyFile.read(file)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

/// Making a fleet, by `init`, or by `serve --init` where there is none.
enum FleetStart {
    /// What was made.
    struct Made: Sendable {
        let keys: FleetKeys
        /// The first administrator's, where one was made up.
        let password: String?
        let admin: String
        let folder: String
        /// Where the policy root key is, and what to do with it.
        let notice: String

        /// What the administrator must know. `password` is the password, or where it is.
        func summary(password: String?) -> String {
            """
            Made the fleet \(keys.fleet) in \(folder).

              Administrator  \(admin)\(password.map { ", password \($0)" } ?? "")
              Authority      \(keys.authority.anchor.fingerprint)
              Certificate    \(folder)/\(FleetKeys.File.authority)

            TAKE THE POLICY ROOT KEY AWAY. \(notice)

            Next: cordon-controller serve --data \(folder)
            """
        }
    }

    static func make(
        in folder: String, name: String, addresses: [String], rootKeyFile: String?, admin: String, password: String?
    ) async throws -> Made {
        let now = Surroundings.live.now()
        // People are served on loopback until the settings say otherwise: the certificate must hold there too.
        let addresses = addresses + ["localhost", "127.0.0.1", "::1"].filter { !addresses.contains($0) }
        let outcome = try FleetSetup.create(
            folder: folder, fleetName: name, addresses: addresses,
            rootKeyFile: rootKeyFile ?? "\(folder).policy-root.key", at: now)
        let database = try Database(folder: folder, auditKey: outcome.keys.auditKey)
        let access = Access(repository: AccessStore(database: database), surroundings: .live)
        let made = try await access.createFirstAdministrator(name: admin, password: password)
        try await database.record([
            AuditEntry(at: now, actor: "system", verb: "fleet.created", subject: "fleet:\(name)")
        ])
        try await database.checkpoint()
        try database.close()
        return Made(keys: outcome.keys, password: made, admin: admin, folder: folder, notice: outcome.notice)
    }
}
