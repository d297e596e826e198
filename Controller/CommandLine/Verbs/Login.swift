internal import ArgumentParser
internal import CordonModel
internal import CordonScan
internal import CordonTrust

/// `cordon login`
struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign in, and keep the session.",
        discussion: """
            The controller proves itself by the fleet's authority. Give its fingerprint, which `cordon-controller init` \
            printed, or its certificate; without either the system's authorities count.

            EXAMPLES
              cordon login https://soc.example.org:8443 --fingerprint 3f9a…
              cordon login https://soc.example.org:8443 --ca-file authority.pem --user alice
              cordon login https://soc.example.org:8443 --user bot --password-stdin < password
            """
    )

    @Argument(help: "The controller's address, as https://HOST:PORT.")
    var url: String
    @Option(help: "Your name; asked for when it is not given.")
    var user: String?
    @Option(help: "The certificate of the fleet's authority, PEM.", completion: .file(extensions: ["pem", "crt"]))
    var caFile: String?
    @Option(help: "SHA-256 of the authority's certificate, 64 hexadecimal characters.")
    var fingerprint: String?
    @Flag(help: "Read the password from the first line of standard input.")
    var passwordStdin = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let address = Address(url) else {
            throw ValidationError("\(Terminal.safe(url)) is not an address like https://HOST:PORT.")
        }
        guard address.isSecure || address.isLoopback else {
            throw ValidationError("A password goes over https:// only, save to this very machine.")
        }
        guard caFile == nil || fingerprint == nil else {
            throw ValidationError("Give --ca-file or --fingerprint, not both.")
        }
        guard fingerprint.map({ Fingerprint(Self.digits($0)) != nil }) ?? true else {
            throw ValidationError("A fingerprint has 64 hexadecimal characters.")
        }
        guard !passwordStdin || user != nil else { throw ValidationError("--password-stdin needs --user.") }
    }

    func run() async throws {
        guard let address = Address(url) else { return }
        let authority = try await authority(address.text)
        guard let name = user ?? Self.ask("Name: ") else { throw Complaint(.usage, "No name was given.") }
        let password = try passwordStdin ? PasswordPrompt.fromStandardInput() : PasswordPrompt.ask("Password: ")
        var settings = Settings(url: address.text, token: "", authority: authority)
        let signIn = try await Client.use(settings) { client in
            try await client.send(.post, "/api/v1/session", ["name": .text(name), "password": .text(password)])
        }
        guard let token = signIn["token"]?.text else { throw Complaint(.failed, "The controller gave no session.") }
        settings.token = token
        try settings.store()
        let shown: JSONValue = [
            "name": signIn["name"] ?? .null, "role": signIn["role"] ?? .null,
            "expires_at": signIn["expires_at"] ?? .null,
            "url": .text(address.text),
        ]
        output.show(shown) { shown in
            let until = shown["expires_at"]?.text.map(Shown.instant) ?? "-"
            return [
                "Signed in as \(Terminal.safe(name)) (\(shown["role"]?.text ?? "-")), until \(until) at the latest."
            ]
        }
    }

    private func authority(_ url: String) async throws -> String? {
        if let caFile { return try File.text(caFile, limit: 1 << 20) }
        guard let fingerprint = fingerprint.flatMap({ Fingerprint(Self.digits($0)) }) else {
            let stored = try? Settings.stored()
            return stored?.url == url ? stored?.authority : nil
        }
        return try await Trust.authority(of: url, fingerprint: fingerprint)
    }

    /// The fingerprint without the colons that other tools put in.
    private static func digits(_ text: String) -> String { text.lowercased().filter { $0 != ":" } }

    private static func ask(_ question: String) -> String? {
        print(question, terminator: "")
        return readLine(strippingNewline: true).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A controller's address.
struct Address: Sendable {
    let isSecure: Bool
    let host: String
    /// Without a slash at the end.
    let text: String

    init?(_ url: String) {
        var text = url
        while text.hasSuffix("/") { text.removeLast() }
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
        let authority = text.dropFirst(scheme.utf8.count)
        let name =
            authority.hasPrefix("[") ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let isPlain = authority.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: Array(".-:[]_".utf8).contains(byte)
            }
        }
        guard !name.isEmpty, isPlain else { return nil }
        isSecure = scheme == "https://"
        host = String(name)
        self.text = text
    }

    /// Whether it is this very machine.
    var isLoopback: Bool {
        guard let address = IPAddress(host) else { return host == "localhost" }
        return Network("127.0.0.0/8")?.contains(address) == true || address == .v6(high: 0, low: 1)
    }
}
