internal import ArgumentParser
internal import CordonModel
internal import CordonOrders
internal import CordonScan
internal import CordonTrust

/// `cordon key`
struct KeyVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Keys with which people approve orders, and whose approvals hosts believe.",
        discussion: """
            Needs no controller. A person's private key stays with the person; the policy root lists the public one, beside \
            the keys that sign orders. The root's key and the list are taken to a machine that is not on the network.

            EXAMPLES
              cordon key create ann.key
              cordon key approvers order-keys.signed --root policy-root.key
              cordon key approvers order-keys.signed --root policy-root.key --add ann=ann.key.pub --add bob=bob.key.pub --out new.signed
              cordon key approvers order-keys.signed --root policy-root.key --passkey ann=cordon-passkey:es256:… --out new.signed
            """,
        subcommands: [KeyCreate.self, KeyApprovers.self]
    )
}

/// `cordon key create`
struct KeyCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a key of your own: FILE, which only you may read, and FILE.pub.",
        discussion: """
            EXAMPLES
              cordon key create ~/alice.key
            """
    )
    @Argument(help: "Where the private key goes; never on the controller.")
    var file: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard !file.hasSuffix(".pub") else {
            throw Complaint(
                .usage, "FILE is for the private key; the public one is written to FILE.pub. Leave out “.pub”.")
        }
        guard !KeyFile.exists(file) else {
            throw Complaint(.usage, "\(Terminal.safe(file)) is there already; nothing was changed.")
        }
        let key = SigningKey()
        do throws(TrustError) {
            try KeyFile.write(key, to: file)
            try KeyFile.write(key.verifyingKey, to: file + ".pub")
        } catch {
            throw Complaint(.usage, Terminal.safe(error.message), Terminal.safe(error.remedy))
        }
        let made: JSONValue = [
            "file": .text(file), "public_key": .text(HexDigit.text(key.verifyingKey.rawBytes)),
            "key": .text(HexDigit.text(key.verifyingKey.id)),
        ]
        output.show(made) { made in
            ["public key \(made["public_key"]?.text ?? "")", "named      \(made["key"]?.text ?? "")"]
        }
    }
}

/// `cordon key approvers`
struct KeyApprovers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvers",
        abstract: "Show or change whose approvals hosts believe: a list that the policy root signs.",
        discussion: """
            With --add, --passkey or --remove a new list is signed, with the next version, and written to --out. Put it into \
            the controller's data folder as order-keys.signed: the controller takes it up by itself and sends it to every host.

            A passkey's line is what the console's page /passkey gave to its owner. Have the owner say the key's name, \
            which that page shows and this list does too, by a way that does not lead through the controller: whoever \
            holds the controller could have given the line of another passkey.

            EXAMPLES
              cordon key approvers order-keys.signed --root policy-root.key
              cordon key approvers order-keys.signed --root policy-root.key --add alice=alice.key.pub --out new.signed
              cordon key approvers order-keys.signed --root policy-root.key --passkey bob=cordon-passkey:es256:… --out new.signed
            """)
    @Argument(help: "The list, order-keys.signed of the controller's data folder.")
    var list: String
    @Option(help: ArgumentHelp("The policy root's private key.", valueName: "file"))
    var root: String
    @Option(help: ArgumentHelp("Believe a person's key.", valueName: "person=file.pub"))
    var add: [String] = []
    @Option(help: ArgumentHelp("Believe a person's passkey.", valueName: "person=line"))
    var passkey: [String] = []
    @Option(help: ArgumentHelp("Believe none of a person's keys any more.", valueName: "person"))
    var remove: [String] = []
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("With --add and --passkey: believe it so long only.", valueName: "span"))
    var span: Span?
    @Option(help: ArgumentHelp("Where the new list goes.", valueName: "file"))
    var out: String?
    @OptionGroup var output: OutputOptions

    private var isAddition: Bool { !add.isEmpty || !passkey.isEmpty }
    private var isChange: Bool { isAddition || !remove.isEmpty }

    func validate() throws {
        if isChange != (out != nil) { throw ValidationError("--add, --passkey and --remove go with --out.") }
        if span != nil, !isAddition { throw ValidationError("--for goes with --add and --passkey.") }
        for text in add where Self.parts(text) == nil {
            throw ValidationError("“\(Terminal.safe(text))” is not person=file.pub, the person in lower case.")
        }
        for case (_, let file)? in add.map(Self.parts) where !file.hasSuffix(".pub") {
            // Both keys of a pair are 32 bytes: nothing in a file tells them apart, and this list is for everybody to read.
            throw ValidationError(
                "“\(Terminal.safe(file))” may be a private key: give the public one, which `cordon key create` wrote as FILE.pub."
            )
        }
        for text in passkey {
            guard let (_, line) = Self.parts(text) else {
                throw ValidationError("“\(Terminal.safe(text))” is not person=line, the person in lower case.")
            }
            do throws(ApprovalFault) { _ = try Passkey(line: line) } catch {
                throw ValidationError(
                    "That is not a passkey: \(error.why). Copy the line from the page /passkey as it is.")
            }
        }
    }

    func run() throws {
        do {
            let key = try KeyFile.signingKey(at: root)
            var document = try KeyDocument(signed: try KeyFile.read(list, secret: false), by: key.verifyingKey)
            if let out {
                try change(&document)
                try KeyFile.write(try document.signed(with: key), to: out, mode: 0o644)
            }
            output.show(
                document.approvers.map { Self.json($0, of: document) }, as: Self.table, empty: "Nobody may approve.")
        } catch let error as any ActionableError {
            throw Complaint(.usage, Terminal.safe(error.message), Terminal.safe(error.remedy))
        }
    }

    private func change(_ document: inout KeyDocument) throws {
        let now = Timestamp(microseconds: WallClock.microseconds)
        for person in remove {
            guard document.approvers.contains(where: { $0.person == person }) else {
                throw Complaint(.failed, "\(Terminal.safe(person)) is not on the list.")
            }
            document.approvers.removeAll { $0.person == person }
        }
        let end = span.map { now + .seconds($0.seconds) }
        for (person, file) in add.compactMap(Self.parts) {
            document.approvers.append(Approver(person: person, key: try KeyFile.verifyingKey(at: file), expiresAt: end))
        }
        for (person, line) in passkey.compactMap(Self.parts) {
            document.approvers.append(Approver(person: person, .passkey(try Passkey(line: line)), expiresAt: end))
        }
        document.version += 1
        document.expiresAt = now + KeyDocument.lifetime
    }

    private static func parts(_ text: String) -> (person: String, rest: String)? {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, Approver.isName(String(parts[0])) else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    private static func json(_ approver: Approver, of document: KeyDocument) -> JSONValue {
        [
            "person": .text(approver.person), "key": .text(HexDigit.text(approver.id)),
            "kind": .text(approver.passkey.map { "passkey of \($0.relyingParty)" } ?? "file"),
            "until": .text("\(min(approver.expiresAt ?? document.expiresAt, document.expiresAt))"),
            "version": .integer(Int64(clamping: document.version)),
        ]
    }

    private static let table = Table(columns: [
        .member("PERSON", "person"), .member("KEY", "key"), .member("KIND", "kind"),
        .instant("UNTIL", "until"), .member("VERSION", "version"),
    ])
}
