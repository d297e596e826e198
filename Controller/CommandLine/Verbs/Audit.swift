internal import ArgumentParser
internal import CordonModel
internal import CordonScan
internal import CordonTrust

/// `cordon audit`
struct AuditVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The audit chain: who did what, and that nobody changed it since.",
        discussion: """
            EXAMPLES
              cordon audit verify
              cordon audit export > audit.jsonl
            """,
        subcommands: [AuditVerify.self, AuditList.self, AuditExport.self]
    )
}

/// `cordon audit verify`
struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every record and signed checkpoint of the audit chain.",
        discussion: """
            Without --file the controller checks its own chain. With --file an export is checked here, without trusting the \
            controller; give --key, the audit key noted earlier, to prove that it is the same controller's chain.

            EXAMPLES
              cordon audit verify
              cordon audit export > audit.jsonl; cordon audit verify --file audit.jsonl --key 5b1c…
            """
    )
    @Option(help: "An export to check here.", completion: .file(extensions: ["jsonl"]))
    var file: String?
    @Option(help: "The audit key, 64 hexadecimal characters.")
    var key: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard key == nil || file != nil else { throw ValidationError("--key goes with --file.") }
        guard key.map({ HexDigit.bytes($0)?.count == 32 }) ?? true else {
            throw ValidationError("A key has 64 hexadecimal characters.")
        }
    }

    func run() async throws {
        let finding: JSONValue
        if let file {
            finding = try AuditExportFile(
                bytes: File.bytes(file, limit: 2 << 30), name: file, key: key.flatMap { HexDigit.bytes($0) }
            ).finding
        } else {
            finding = try await Client.use { try await $0.get("/api/v1/audit/verification") }
        }
        output.show(finding, Self.lines)
        guard finding["intact"]?.flag == true else { throw ExitCode(Exit.failed.rawValue) }
    }

    private static func lines(_ finding: JSONValue) -> [String] {
        let intact = finding["intact"]?.flag == true
        let head = intact ? Terminal.paint("intact", .green) : Terminal.paint("NOT INTACT", .red)
        return [head]
            + Details.lines([
                ("fault", finding["fault"]?["message"]?.text),
                ("records", finding["records"]?.integer.map(String.init)),
                ("checkpoints", finding["checkpoints"]?.integer.map(String.init)), ("head", finding["head_hash"]?.text),
                ("audit key", finding["key"]?.text),
            ])
    }
}

/// `cordon audit list`
struct AuditList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List audit records, newest first.",
        discussion: "EXAMPLE\n  cordon audit list --subject user:alice"
    )
    @Option(help: "Only of this subject: host:ID, case:ID, order:ID, user:NAME, …")
    var subject: String?
    @Option(help: "At most so many.")
    var limit = 50
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let records = try await Client.use { try await $0.list("/api/v1/audit", [("subject", subject)], most: limit) }
        output.show(records, as: Self.table, empty: "No records.")
    }

    static let table = Table(columns: [
        .member("NUMBER", "index"), .instant("AT", "at"), .member("ACTOR", "actor"), .member("VERB", "verb"),
        .member("SUBJECT", "subject"),
        .init(
            title: "DETAILS",
            text: { record in
                let details = record["details"]?.object ?? JSONObject()
                let pairs: [String] = details.map { "\($0.key)=\($0.value.text ?? "")" }
                return pairs.joined(separator: " ")
            }),
    ])
}

/// `cordon audit export`
struct AuditExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the whole chain as JSON lines, for keeping elsewhere.",
        discussion: "EXAMPLE\n  cordon audit export > audit-$(date +%F).jsonl"
    )

    func run() async throws {
        try await Client.use { client in
            var rest: [UInt8] = []
            try await client.stream("/api/v1/audit/export") { part in
                rest += part
                // Whole lines only: a value is printed as safe JSON, which never changes what it says.
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    Terminal.print(try JSONValue.parse(Array(rest[..<end])))
                    rest.removeFirst(end + 1)
                }
            }
        }
    }
}
