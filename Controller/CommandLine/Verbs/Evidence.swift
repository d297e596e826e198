internal import ArgumentParser
internal import CordonModel
internal import CordonScan
internal import CordonTrust
internal import Glibc
internal import SystemPackage

/// `cordon evidence`
struct EvidenceVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "What orders brought from hosts: files, triage, memory.",
        discussion: """
            EXAMPLES
              cordon evidence list --case C-7
            """,
        subcommands: [EvidenceList.self, EvidenceGet.self]
    )
}

/// `cordon evidence list`
struct EvidenceList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List evidence that the controller has, newest first.",
        discussion: "EXAMPLES\n  cordon evidence list --case C-7\n  cordon evidence list --host web-1 --json"
    )
    @Option(help: "Only of this host, by name or identifier.")
    var host: String?
    @Option(name: .customLong("case"), help: "Only of this case: C-12, 12 or its identifier.")
    var file: String?
    @Option(help: "At most so many.")
    var limit = 50
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (found, names) = try await Client.use { client in
            let agent: String? = if let host { try await client.hostID(host) } else { nil }
            return (
                try await client.list("/api/v1/evidence", [("host", agent), ("case", file)], most: limit),
                output.json ? TimelineNames() : try await client.shownNames()
            )
        }
        output.show(found, as: Self.table(names), empty: "No evidence.")
    }

    private static func table(_ names: TimelineNames) -> Table {
        Table(columns: [
            .instant("RECEIVED", "received_at"),
            .init(title: "HOST", text: { $0["host"]?.text.map(names.host) ?? "-" }), .member("KIND", "kind"),
            .member("BYTES", "size"), .member("NAME", "name"), .member("ORDER", "order"),
        ])
    }
}

/// `cordon evidence get`
struct EvidenceGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Write the evidence of an order into a file, and check its SHA-256.",
        discussion: """
            The file is new, only its owner may read it, and it is there only when all of it came and its SHA-256 is the \
            one that the host told when it was cut. Whoever reads evidence stands in the audit chain.

            EXAMPLE
              cordon evidence get 0195c0de-7a3b-7c4d-8e5f-0123456789ab -o suspect.bin
            """
    )
    @Argument(help: "The order that brought it: `cordon evidence list`.")
    var order: String
    @Option(name: .shortAndLong, help: "The file to write.", completion: .file())
    var output: String
    @OptionGroup var form: OutputOptions

    func validate() throws {
        guard OrderID(order) != nil else {
            throw ValidationError("Evidence is named by its order's identifier, a UUID.")
        }
        guard output != "-" else { throw ValidationError("Evidence goes into a file, not to a terminal.") }
    }

    func run() async throws {
        let evidence = try await Client.use { client in
            let evidence = try await client.get("/api/v1/evidence/\(order)")
            let target = try EvidenceTarget(output)
            var digest = StreamDigest()
            try await client.stream("/api/v1/evidence/\(order)/content") { bytes in
                digest.update(bytes[...])
                try target.write(bytes)
            }
            guard HexDigit.text(digest.value) == evidence["sha256"]?.text else {
                throw Complaint(
                    .failed, "What came is not what the host brought: its SHA-256 is \(HexDigit.text(digest.value)).",
                    "Fetch it again; if that does not help, the controller's copy is damaged.")
            }
            try target.keep()
            return evidence
        }
        form.show(evidence) { evidence in
            let size = evidence["size"]?.integer ?? 0
            return [Terminal.safe("\(output): \(size) bytes, SHA-256 \(evidence["sha256"]?.text ?? "")")]
        }
    }
}

/// A file that is there whole or not at all.
private final class EvidenceTarget {
    private let path: String
    private let draft: String
    private let file: FileDescriptor
    private var isKept = false

    init(_ path: String) throws {
        self.path = path
        draft = "\(path).part-\(getpid())"
        guard unsafe access(path, F_OK) != 0 else {
            throw Complaint(.usage, "There is a \(path) already.", "Name another file, or move it aside.")
        }
        do {
            file = try FileDescriptor.open(
                FilePath(draft), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite)
        } catch let error as Errno { throw Self.complaint(path, error) }
    }

    deinit {
        try? file.close()
        if !isKept { unsafe unlink(draft) }
    }

    func write(_ bytes: [UInt8]) throws {
        do { try file.writeAll(bytes) } catch let error as Errno { throw Self.complaint(path, error) }
    }

    /// Gives it its name, unless another file has taken that meanwhile.
    func keep() throws {
        guard fsync(file.rawValue) == 0, unsafe link(draft, path) == 0 else {
            throw Self.complaint(path, Errno(rawValue: errno))
        }
        unsafe unlink(draft)
        isKept = true
    }

    private static func complaint(_ path: String, _ error: Errno) -> Complaint {
        Complaint(.failed, "\(path) cannot be written: \(error).", "Check the folder's permissions and the space.")
    }
}
